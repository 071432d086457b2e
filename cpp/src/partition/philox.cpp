#include <cstddef>

#include "modyn/partition.hpp"

namespace modyn {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
constexpr int kRounds = 10;

constexpr std::uint32_t low(std::uint64_t value) noexcept { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) noexcept { return static_cast<std::uint32_t>(value >> 32); }

}  // namespace

std::array<std::uint32_t, 4> philox(const Address& address) noexcept {
  std::array<std::uint32_t, 4> counter{low(address.index), high(address.index), address.trigger,
                                       static_cast<std::uint32_t>(address.purpose)};
  std::uint32_t key0 = low(address.seed);
  std::uint32_t key1 = high(address.seed);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {high(product1) ^ counter[1] ^ key0, low(product1), high(product0) ^ counter[3] ^ key1, low(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return counter;
}

std::uint64_t random_bits(const Address& address) noexcept {
  const auto words = philox(address);
  return words[0] | (std::uint64_t{words[1]} << 32);
}

void random_bits_range(const Address& first, std::span<std::uint64_t> out) noexcept {
  Address address = first;
  for (std::size_t i = 0; i < out.size(); ++i) {
    address.index = first.index + i;
    out[i] = random_bits(address);
  }
}

}  // namespace modyn

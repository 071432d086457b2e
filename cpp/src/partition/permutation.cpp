// The keyed permutation, computed in blocks so that compilers vectorise the rounds.
//
// A Feistel network permutes a domain [0, 2^bits), which is less than twice the size wanted (but for
// tiny sizes); where the number of bits is odd, its halves differ by one bit.
// Cycle walking (Black and Rogaway, CT-RSA 2002) makes it a permutation of [0, size): an image
// outside is permuted again until it falls inside. The walkers of a block are compacted and walk
// together, which keeps the inner loop free of branches.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>

#include "modyn/partition.hpp"

namespace modyn {
namespace {

constexpr std::size_t kBlock = 512;
constexpr unsigned kMinBits = 8;

// A bijective mix of 32 bits with two multiplications; the halves of the round key enter before each.
[[gnu::always_inline]] inline std::uint32_t round_function(std::uint32_t half, std::uint64_t round_key) noexcept {
  std::uint32_t x = half + static_cast<std::uint32_t>(round_key);
  x ^= x >> 16;
  x *= 0x7FEB352D;
  x ^= static_cast<std::uint32_t>(round_key >> 32);
  x ^= x >> 15;
  x *= 0x846CA68B;
  x ^= x >> 16;
  return x;
}

using RoundKeys = std::array<std::uint64_t, 6>;

constexpr std::uint32_t low_bits(unsigned bits) noexcept {
  return static_cast<std::uint32_t>((std::uint64_t{1} << bits) - 1);
}

[[gnu::always_inline]] inline void encrypt_block(std::uint64_t* values, std::size_t count, unsigned bits,
                                                 const RoundKeys& keys) noexcept {
  const unsigned right_bits = (bits + 1) / 2;
  const std::uint32_t right_mask = low_bits(right_bits);
  const std::uint32_t left_mask = low_bits(bits - right_bits);
  for (std::size_t i = 0; i < count; ++i) {
    auto left = static_cast<std::uint32_t>(values[i] >> right_bits);
    auto right = static_cast<std::uint32_t>(values[i]) & right_mask;
    for (std::size_t round = 0; round < keys.size(); round += 2) {
      left ^= round_function(right, keys[round]) & left_mask;
      right ^= round_function(left, keys[round + 1]) & right_mask;
    }
    values[i] = (std::uint64_t{left} << right_bits) | right;
  }
}

using EncryptBlock = void (*)(std::uint64_t*, std::size_t, unsigned, const RoundKeys&);

void encrypt_portable(std::uint64_t* values, std::size_t count, unsigned bits, const RoundKeys& keys) {
  encrypt_block(values, count, bits, keys);
}

#if defined(__x86_64__)
// The baseline of x86-64 has no 32-bit vector multiplication. Same results, more than twice as fast.
[[gnu::target("avx2")]] void encrypt_avx2(std::uint64_t* values, std::size_t count, unsigned bits,
                                          const RoundKeys& keys) {
  encrypt_block(values, count, bits, keys);
}
#endif

EncryptBlock choose_encrypt() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return encrypt_avx2;
#endif
  return encrypt_portable;
}

// Replaces values[i] by its image in [0, size).
void permute_block(std::uint64_t* values, std::size_t count, std::uint64_t size, unsigned bits, const RoundKeys& keys) {
  static const EncryptBlock encrypt = choose_encrypt();
  std::array<std::uint64_t, kBlock> walkers;
  std::array<std::uint32_t, kBlock> owners;
  encrypt(values, count, bits, keys);
  std::size_t walking = 0;
  for (std::size_t i = 0; i < count; ++i) {
    walkers[walking] = values[i];
    owners[walking] = static_cast<std::uint32_t>(i);
    walking += values[i] >= size ? 1 : 0;
  }
  while (walking > 0) {
    encrypt(walkers.data(), walking, bits, keys);
    std::size_t still_walking = 0;
    for (std::size_t i = 0; i < walking; ++i) {
      const std::uint64_t value = walkers[i];
      const std::uint32_t owner = owners[i];
      values[owner] = value;
      walkers[still_walking] = value;
      owners[still_walking] = owner;
      still_walking += value >= size ? 1 : 0;
    }
    walking = still_walking;
  }
}

// Words of the address that no `Purpose` can collide with: the block number sits above all purposes.
Address key_block(Address address, std::uint32_t block) noexcept {
  address.purpose = static_cast<Purpose>(static_cast<std::uint32_t>(address.purpose) | ((block + 1) << 24));
  return address;
}

unsigned bits_for(std::uint64_t size) noexcept {
  return std::max(kMinBits, static_cast<unsigned>(std::bit_width(size > 0 ? size - 1 : 0)));
}

}  // namespace

Permutation::Permutation(const Address& address, std::uint64_t size) : size_(size), bits_(bits_for(size)) {
  for (std::uint32_t block = 0; block < round_keys_.size() / 2; ++block) {
    const auto words = philox(key_block(address, block));
    round_keys_[2 * block] = words[0] | (std::uint64_t{words[1]} << 32);
    round_keys_[2 * block + 1] = words[2] | (std::uint64_t{words[3]} << 32);
  }
}

void Permutation::apply(std::uint64_t first, std::span<std::uint64_t> out) const {
  if (first > size_ || out.size() > size_ - first) {
    throw Error(ErrorKind::kInvalidArgument, "permutation: indices [" + std::to_string(first) + ", " +
                                                 std::to_string(first) + " + " + std::to_string(out.size()) +
                                                 ") reach beyond its size " + std::to_string(size_));
  }
  for (std::size_t done = 0; done < out.size(); done += kBlock) {
    const std::size_t count = std::min(kBlock, out.size() - done);
    std::uint64_t* const values = out.data() + done;
    for (std::size_t i = 0; i < count; ++i) values[i] = first + done + i;
    permute_block(values, count, size_, bits_, round_keys_);
  }
}

}  // namespace modyn

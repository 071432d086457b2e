#include "core/fingerprint.hpp"

#include <bit>
#include <cstring>
#include <vector>

namespace modyn::core {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87U;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FU;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9U;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63U;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5U;

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kBlocks = 8;

template <typename Word>
Word load(const std::byte* at) noexcept {
  Word word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::uint64_t mix(std::uint64_t lane, std::uint64_t word) noexcept {
  return std::rotl(lane + word * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t hash, std::uint64_t lane) noexcept {
  return (hash ^ mix(0, lane)) * kPrime1 + kPrime4;
}

// Takes whole stripes of 32 bytes off the front of `bytes`.
std::uint64_t consume_stripes(std::span<const std::byte>& bytes, std::uint64_t seed) noexcept {
  std::uint64_t lane1 = seed + kPrime1 + kPrime2;
  std::uint64_t lane2 = seed + kPrime2;
  std::uint64_t lane3 = seed;
  std::uint64_t lane4 = seed - kPrime1;
  for (; bytes.size() >= 32; bytes = bytes.subspan(32)) {
    lane1 = mix(lane1, load<std::uint64_t>(bytes.data()));
    lane2 = mix(lane2, load<std::uint64_t>(bytes.data() + 8));
    lane3 = mix(lane3, load<std::uint64_t>(bytes.data() + 16));
    lane4 = mix(lane4, load<std::uint64_t>(bytes.data() + 24));
  }
  const std::uint64_t hash = std::rotl(lane1, 1) + std::rotl(lane2, 7) + std::rotl(lane3, 12) + std::rotl(lane4, 18);
  return merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
}

std::uint64_t avalanche(std::uint64_t hash) noexcept {
  hash = (hash ^ (hash >> 33U)) * kPrime2;
  hash = (hash ^ (hash >> 29U)) * kPrime3;
  return hash ^ (hash >> 32U);
}

}  // namespace

std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  const std::uint64_t length = bytes.size();
  std::uint64_t hash = (length >= 32 ? consume_stripes(bytes, seed) : seed + kPrime5) + length;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    hash = std::rotl(hash ^ mix(0, load<std::uint64_t>(bytes.data())), 27) * kPrime1 + kPrime4;
  }
  if (bytes.size() >= 4) {
    hash = std::rotl(hash ^ (load<std::uint32_t>(bytes.data()) * kPrime1), 23) * kPrime2 + kPrime3;
    bytes = bytes.subspan(4);
  }
  for (const std::byte byte : bytes) {
    hash = std::rotl(hash ^ (std::to_integer<std::uint64_t>(byte) * kPrime5), 11) * kPrime1;
  }
  return avalanche(hash);
}

std::optional<std::uint64_t> fingerprint(const Descriptor& file, std::uint64_t length,
                                         const std::filesystem::path& path) {
  std::vector<std::byte> sampled;
  if (length <= kBlocks * kBlockBytes) {
    sampled.resize(length);
    if (read_at(file, 0, sampled, path) < length) return std::nullopt;
    return xxh64(sampled, length);
  }
  sampled.resize(kBlocks * kBlockBytes);
  const std::uint64_t last = length - kBlockBytes;
  for (std::uint64_t block = 0; block < kBlocks; ++block) {
    // Divided first: `last * block` could overflow for no gain in evenness.
    const std::uint64_t offset = block + 1 == kBlocks ? last : last / (kBlocks - 1) * block;
    const auto place = std::span(sampled).subspan(block * kBlockBytes, kBlockBytes);
    if (read_at(file, offset, place, path) < kBlockBytes) return std::nullopt;
  }
  return xxh64(sampled, length);
}

}  // namespace modyn::core

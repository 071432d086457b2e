// A set of positions, ascending, in at most one bit for each position it was chosen from.
//
// Positions are kept in blocks of 65,536: nothing for a block that is full or empty, two bytes each
// for few positions, else a bit for each of the block with ranks to find the n-th.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace modyn::partition {

class PositionSet {
 public:
  static constexpr std::size_t kBlock = 65'536;

  // Chosen offsets of the next kBlock positions, ascending; only the last block may have fewer positions.
  void append_block(std::span<const std::uint16_t> offsets, std::size_t positions);

  // The positions of `other` behind those that were appended so far, which must be whole blocks.
  void append(const PositionSet& other);

  [[nodiscard]] std::uint64_t size() const noexcept { return end_.empty() ? 0 : end_.back(); }
  // Elements first, first + 1, ... of the set, which must exist.
  void read(std::uint64_t first, std::span<std::uint64_t> out) const;
  [[nodiscard]] std::uint64_t operator[](std::uint64_t index) const;

 private:
  enum class Kind : std::uint8_t { kFull, kFew, kBits };
  struct Block {
    std::uint64_t first_position;
    std::size_t data;  // in few_, or number of its bitmap
    Kind kind;
  };
  static constexpr std::size_t kWords = kBlock / 64;
  static constexpr std::size_t kWordsOfRank = 16;
  static constexpr std::size_t kRanks = kWords / kWordsOfRank;

  [[nodiscard]] std::size_t block_of(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t begin_of(std::size_t block) const { return block == 0 ? 0 : end_[block - 1]; }
  // Position in the block of its element `rank`.
  [[nodiscard]] std::uint64_t select(const Block& block, std::uint64_t rank) const;
  void read_bits(const Block& block, std::uint64_t rank, std::span<std::uint64_t> out) const;

  std::uint64_t positions_ = 0;
  // Only blocks with elements.
  std::vector<std::uint64_t> end_;  // elements up to and with each
  std::vector<Block> blocks_;
  std::vector<std::uint16_t> few_;
  std::vector<std::uint64_t> bits_;   // kWords for each bitmap
  std::vector<std::uint16_t> ranks_;  // kRanks for each bitmap: elements before each kWordsOfRank words
};

}  // namespace modyn::partition

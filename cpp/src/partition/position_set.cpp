#include "partition/position_set.hpp"

#include <algorithm>
#include <bit>

namespace modyn::partition {
namespace {

// Where the `rank`-th set bit of a word is, which has more than `rank`.
std::uint64_t select_in_word(std::uint64_t word, std::uint64_t rank) {
  for (; rank > 0; --rank) word &= word - 1;
  return static_cast<std::uint64_t>(std::countr_zero(word));
}

}  // namespace

void PositionSet::append_block(std::span<const std::uint16_t> offsets, std::size_t positions) {
  const std::uint64_t first = positions_;
  positions_ += positions;
  if (offsets.empty()) return;
  end_.push_back(size() + offsets.size());
  if (offsets.size() == positions) {
    blocks_.push_back({first, 0, Kind::kFull});
  } else if (offsets.size() * 2 <= kBlock / 8) {
    blocks_.push_back({first, few_.size(), Kind::kFew});
    few_.insert(few_.end(), offsets.begin(), offsets.end());
  } else {
    const std::size_t number = bits_.size() / kWords;
    blocks_.push_back({first, number, Kind::kBits});
    bits_.resize(bits_.size() + kWords);
    std::uint64_t* const words = bits_.data() + number * kWords;
    for (const std::uint16_t offset : offsets) words[offset / 64] |= std::uint64_t{1} << (offset % 64);
    std::uint64_t before = 0;
    for (std::size_t word = 0; word < kWords; ++word) {
      if (word % kWordsOfRank == 0) ranks_.push_back(static_cast<std::uint16_t>(before));
      before += static_cast<std::uint64_t>(std::popcount(words[word]));
    }
  }
}

void PositionSet::append(const PositionSet& other) {
  const std::uint64_t elements = size();
  for (std::size_t i = 0; i < other.blocks_.size(); ++i) {
    Block block = other.blocks_[i];
    block.first_position += positions_;
    block.data += block.kind == Kind::kFew ? few_.size() : block.kind == Kind::kBits ? bits_.size() / kWords : 0;
    end_.push_back(elements + other.end_[i]);
    blocks_.push_back(block);
  }
  few_.insert(few_.end(), other.few_.begin(), other.few_.end());
  bits_.insert(bits_.end(), other.bits_.begin(), other.bits_.end());
  ranks_.insert(ranks_.end(), other.ranks_.begin(), other.ranks_.end());
  positions_ += other.positions_;
}

std::size_t PositionSet::block_of(std::uint64_t index) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(end_, index) - end_.begin());
}

std::uint64_t PositionSet::select(const Block& block, std::uint64_t rank) const {
  if (block.kind == Kind::kFull) return rank;
  if (block.kind == Kind::kFew) return few_[block.data + rank];
  const auto ranks = std::span(ranks_).subspan(block.data * kRanks, kRanks);
  const auto group = static_cast<std::size_t>(std::ranges::upper_bound(ranks, rank) - ranks.begin()) - 1;
  rank -= ranks[group];
  const std::uint64_t* const words = bits_.data() + block.data * kWords;
  std::size_t word = group * kWordsOfRank;
  for (;; ++word) {
    const auto count = static_cast<std::uint64_t>(std::popcount(words[word]));
    if (rank < count) break;
    rank -= count;
  }
  return word * 64 + select_in_word(words[word], rank);
}

std::uint64_t PositionSet::operator[](std::uint64_t index) const {
  const std::size_t block = block_of(index);
  return blocks_[block].first_position + select(blocks_[block], index - begin_of(block));
}

void PositionSet::read_bits(const Block& block, std::uint64_t rank, std::span<std::uint64_t> out) const {
  const std::uint64_t* const words = bits_.data() + block.data * kWords;
  const std::uint64_t start = select(block, rank);
  std::uint64_t word = words[start / 64] & (~std::uint64_t{0} << (start % 64));
  std::size_t done = 0;
  for (std::uint64_t number = start / 64;; word = words[++number]) {
    for (; word != 0; word &= word - 1) {
      out[done++] = block.first_position + number * 64 + static_cast<std::uint64_t>(std::countr_zero(word));
      if (done == out.size()) return;
    }
  }
}

void PositionSet::read(std::uint64_t first, std::span<std::uint64_t> out) const {
  for (std::size_t number = out.empty() ? 0 : block_of(first); !out.empty(); ++number) {
    const Block& block = blocks_[number];
    const std::uint64_t rank = first - begin_of(number);
    const std::size_t count = std::min<std::uint64_t>(end_[number] - first, out.size());
    if (block.kind == Kind::kBits) {
      read_bits(block, rank, out.first(count));
    } else {
      for (std::size_t i = 0; i < count; ++i) out[i] = block.first_position + select(block, rank + i);
    }
    first += count;
    out = out.subspan(count);
  }
}

}  // namespace modyn::partition

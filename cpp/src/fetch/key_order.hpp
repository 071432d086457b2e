// The order in which a fetch visits its keys.
//
// Keys are consecutive within a file, so ascending keys are ascending places: looking them up walks
// the extents and labels once, each file is visited once, and a disk sees its blocks in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modyn/index.hpp"

namespace modyn::fetch {

// Up to max_keys() keys in ascending order, each packed into one word with its slot (its place in
// the request), so that sorting moves 8 bytes for a key. Reused between fetches for its memory.
class KeyOrder {
 public:
  // How many keys below `next_key` can be ordered at once: at least 2, at most 2^20.
  [[nodiscard]] static std::size_t max_keys(Key next_key) noexcept;

  // `keys` must lie in [0, next_key).
  void build(std::span<const Key> keys, Key next_key);

  [[nodiscard]] std::size_t size() const noexcept { return words_.size(); }
  [[nodiscard]] Key key(std::size_t i) const noexcept { return static_cast<Key>(words_[i] >> slot_bits_); }
  [[nodiscard]] std::uint32_t slot(std::size_t i) const noexcept {
    return static_cast<std::uint32_t>(words_[i] & ((std::uint64_t{1} << slot_bits_) - 1));
  }

 private:
  void radix_sort(unsigned key_bits);

  unsigned slot_bits_ = 0;
  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> spare_;
};

}  // namespace modyn::fetch

#include "fetch/key_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace modyn::fetch {
namespace {

constexpr unsigned kMaxSlotBits = 20;
constexpr unsigned kDigitBits = 8;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
// Below this, counting digits costs more than comparing keys.
constexpr std::size_t kMinRadixKeys = 256;

unsigned key_bits_of(Key next_key) noexcept {
  return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(std::max<Key>(next_key, 1))));
}

}  // namespace

std::size_t KeyOrder::max_keys(Key next_key) noexcept {
  return std::size_t{1} << std::min(kMaxSlotBits, 64 - key_bits_of(next_key));
}

void KeyOrder::build(std::span<const Key> keys, Key next_key) {
  slot_bits_ = static_cast<unsigned>(std::bit_width(keys.size()));
  const unsigned key_bits = key_bits_of(next_key);
  slot_bits_ = std::min(slot_bits_, 64 - key_bits);
  words_.resize(keys.size());
  bool ascending = true;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    words_[i] = (static_cast<std::uint64_t>(keys[i]) << slot_bits_) | i;
    ascending = ascending && (i == 0 || words_[i - 1] < words_[i]);
  }
  if (ascending) return;
  if (keys.size() < kMinRadixKeys) {
    std::ranges::sort(words_);
  } else {
    radix_sort(key_bits);
  }
}

// From the least significant digit of the key; stable, and slots ascend at the start, so they need no pass.
void KeyOrder::radix_sort(unsigned key_bits) {
  spare_.resize(words_.size());
  for (unsigned shift = slot_bits_; shift < slot_bits_ + key_bits; shift += kDigitBits) {
    const auto digit_of = [shift](std::uint64_t word) { return (word >> shift) % kDigits; };
    std::array<std::size_t, kDigits> starts{};
    for (const std::uint64_t word : words_) ++starts[digit_of(word)];
    if (starts[digit_of(words_.front())] == words_.size()) continue;  // all keys share this digit
    std::size_t total = 0;
    for (std::size_t& start : starts) total += std::exchange(start, total);
    for (const std::uint64_t word : words_) spare_[starts[digit_of(word)]++] = word;
    words_.swap(spare_);
  }
}

}  // namespace modyn::fetch

#include "index/time_sort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace modyn::index {

void TimeSort::add(Key first_key, std::uint64_t count, Timestamp timestamp) {
  const bool first = stretches_.empty();
  ascending_ = ascending_ && (first || timestamp >= last_added_);
  earliest_ = first ? timestamp : std::min(earliest_, timestamp);
  latest_ = first ? timestamp : std::max(latest_, timestamp);
  last_added_ = timestamp;
  stretches_.push_back({first_key, count});
  times_.push_back(timestamp);
  size_ += count;
}

void TimeSort::sort() {
  if (ascending_) return;
  const std::uint64_t span = static_cast<std::uint64_t>(latest_) - static_cast<std::uint64_t>(earliest_);
  number_bits_ = static_cast<unsigned>(std::bit_width(stretches_.size()));
  const auto time_bits = static_cast<unsigned>(std::bit_width(span));
  words_.resize(stretches_.size());
  if (number_bits_ + time_bits > 64) {
    // Timestamps billions of years apart: a word has no room for both.
    std::iota(words_.begin(), words_.end(), std::uint64_t{0});
    std::ranges::stable_sort(words_, {}, [this](std::uint64_t number) { return times_[number]; });
    number_bits_ = 64;
    return;
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const std::uint64_t seconds = static_cast<std::uint64_t>(times_[i]) - static_cast<std::uint64_t>(earliest_);
    words_[i] = (seconds << number_bits_) | i;
  }
  std::vector<Timestamp>().swap(times_);
  radix_sort(number_bits_, number_bits_ + time_bits);
}

// From the least significant digit; stable, and numbers ascend at the start, so that they need no pass.
void TimeSort::radix_sort(unsigned low_bit, unsigned end_bit) {
  constexpr unsigned kDigitBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  std::vector<std::uint64_t> spare(words_.size());
  for (unsigned shift = low_bit; shift < end_bit; shift += kDigitBits) {
    const auto digit_of = [shift](std::uint64_t word) { return (word >> shift) % kDigits; };
    std::array<std::size_t, kDigits> starts{};
    for (const std::uint64_t word : words_) ++starts[digit_of(word)];
    if (starts[digit_of(words_.front())] == words_.size()) continue;  // all share this digit
    std::size_t total = 0;
    for (std::size_t& start : starts) total += std::exchange(start, total);
    for (const std::uint64_t word : words_) spare[starts[digit_of(word)]++] = word;
    words_.swap(spare);
  }
}

void TimeSort::for_each_run(const std::function<void(const Run&)>& action) const {
  Run run{};
  std::uint64_t count = 0;
  std::int64_t position = 0;
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    std::uint64_t number = i;
    Timestamp time = 0;
    if (!words_.empty() && number_bits_ < 64) {
      number = words_[i] & ((std::uint64_t{1} << number_bits_) - 1);
      time = static_cast<Timestamp>(static_cast<std::uint64_t>(earliest_) + (words_[i] >> number_bits_));
    } else {
      if (!words_.empty()) number = words_[i];
      time = times_[number];
    }
    const Stretch& stretch = stretches_[number];
    if (count > 0 && run.first_key + static_cast<Key>(count) == stretch.first_key) {
      if (time != run.timestamp) run.flat = 0;
    } else {
      if (count > 0) action(run);
      run = {position, stretch.first_key, time, 1};
      count = 0;
    }
    count += stretch.count;
    position += static_cast<std::int64_t>(stretch.count);
  }
  if (count > 0) action(run);
}

}  // namespace modyn::index

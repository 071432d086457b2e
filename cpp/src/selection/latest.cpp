// Which samples of a window come again later in it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "modyn/selection.hpp"
#include "partition/position_set.hpp"
#include "partition/sequence_sources.hpp"

namespace modyn {
namespace {

using partition::PositionSet;

constexpr std::size_t kBlock = PositionSet::kBlock;

struct KeyRange {
  Key smallest;
  Key largest;
  bool ascends;  // so nothing is repeated
  [[nodiscard]] std::uint64_t width() const {
    return static_cast<std::uint64_t>(largest) - static_cast<std::uint64_t>(smallest) + 1;
  }
};

// Calls work(first, keys) for each block, the last one first if Backwards.
template <bool Backwards, typename Work>
void for_each_block(const Sequence& window, Work work) {
  std::vector<Key> keys(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, window.size())));
  const std::uint64_t blocks = (window.size() + kBlock - 1) / kBlock;
  for (std::uint64_t number = 0; number < blocks; ++number) {
    const std::uint64_t first = (Backwards ? blocks - 1 - number : number) * kBlock;
    const auto piece = std::span(keys).first(std::min<std::uint64_t>(kBlock, window.size() - first));
    window.read(first, piece.size(), {.keys = piece});
    work(first, std::span<const Key>(piece));
  }
}

KeyRange key_range(const Sequence& window) {
  KeyRange range{0, 0, true};
  Key before = 0;
  for_each_block<false>(window, [&](std::uint64_t first, std::span<const Key> keys) {
    if (first == 0) range = {keys[0], keys[0], true};
    for (std::size_t i = 0; i < keys.size(); ++i) {
      range.ascends &= (first == 0 && i == 0) || keys[i] > before;
      range.smallest = std::min(range.smallest, keys[i]);
      range.largest = std::max(range.largest, keys[i]);
      before = keys[i];
    }
  });
  return range;
}

// Remembers keys of a dense range, a bit for each.
class DenseKeys {
 public:
  explicit DenseKeys(const KeyRange& range) : smallest_(range.smallest), bits_((range.width() + 63) / 64) {}
  // Whether the key was there already.
  bool insert(Key key) {
    const std::uint64_t at = static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(smallest_);
    const std::uint64_t bit = std::uint64_t{1} << (at % 64);
    const bool was_there = (bits_[at / 64] & bit) != 0;
    bits_[at / 64] |= bit;
    return was_there;
  }

 private:
  Key smallest_;
  std::vector<std::uint64_t> bits_;
};

// Remembers those keys of a window that come several times, which a sort finds.
class RepeatedKeys {
 public:
  explicit RepeatedKeys(const Sequence& window) : keys_(static_cast<std::size_t>(window.size())) {
    window.read(0, window.size(), {.keys = keys_});
    std::ranges::sort(keys_);
    std::size_t repeated = 0;
    for (std::size_t i = 1; i < keys_.size(); ++i) {
      if (keys_[i] == keys_[i - 1] && (repeated == 0 || keys_[repeated - 1] != keys_[i])) keys_[repeated++] = keys_[i];
    }
    keys_.resize(repeated);
    was_there_.resize(repeated);
  }
  bool insert(Key key) {
    const auto found = std::ranges::lower_bound(keys_, key);
    if (found == keys_.end() || *found != key) return false;
    const auto at = static_cast<std::size_t>(found - keys_.begin());
    return std::exchange(was_there_[at], std::uint8_t{1}) != 0;
  }

 private:
  std::vector<Key> keys_;
  std::vector<std::uint8_t> was_there_;
};

// The samples whose key comes again behind them, ascending.
template <typename Seen>
std::vector<std::uint64_t> outdated(const Sequence& window, Seen seen) {
  std::vector<std::uint64_t> samples;
  for_each_block<true>(window, [&](std::uint64_t first, std::span<const Key> keys) {
    for (std::size_t i = keys.size(); i-- > 0;) {
      if (seen.insert(keys[i])) samples.push_back(first + i);
    }
  });
  std::ranges::reverse(samples);
  return samples;
}

// All samples but these.
Sequence without(const Sequence& window, std::span<const std::uint64_t> dropped) {
  PositionSet kept;
  std::vector<std::uint16_t> offsets;
  offsets.reserve(kBlock);
  auto next = dropped.begin();
  for (std::uint64_t first = 0; first < window.size(); first += kBlock) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, window.size() - first));
    offsets.clear();
    for (std::size_t i = 0; i < size; ++i) {
      if (next != dropped.end() && *next == first + i) {
        ++next;
      } else {
        offsets.push_back(static_cast<std::uint16_t>(i));
      }
    }
    kept.append_block(offsets, size);
  }
  return Sequence(std::make_shared<partition::Chosen>(window.shared_source(), std::move(kept)));
}

}  // namespace

Distinct latest(const Sequence& window, std::vector<std::uint64_t> ends) {
  for (const std::uint64_t end : ends) window.check_range(0, end);
  if (window.size() < 2 || window.source().is_distinct()) return {window, std::move(ends)};
  const KeyRange range = key_range(window);
  if (range.ascends) return {window, std::move(ends)};
  const bool is_dense = range.width() != 0 && range.width() / 64 <= window.size();
  const auto dropped = is_dense ? outdated(window, DenseKeys(range)) : outdated(window, RepeatedKeys(window));
  if (dropped.empty()) return {window, std::move(ends)};
  for (std::uint64_t& end : ends) {
    end -= static_cast<std::uint64_t>(std::ranges::lower_bound(dropped, end) - dropped.begin());
  }
  return {without(window, dropped), std::move(ends)};
}

}  // namespace modyn

// Selection: which samples of a window a trigger trains on, decided without a model.
//
// Every random choice compares *priorities*: a sample's priority is a keyed permutation of its key, so it depends on
// the address of the choice and on the key alone, not on partitions, threads, scan orders or restarts, and no two
// keys share one. "k samples at random" are the k with the lowest priorities, of all samples or of each group. Such a
// choice is described by one bound for each group (those below it are chosen), so it can be remembered in a few bytes
// however many samples it has, and continued: who are the next k of the same order.
//
// A window is a sequence without repeated keys (`latest` makes one of any). It is read in blocks by all threads, and
// nothing is kept for a sample but whether it is chosen, in at most one bit.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "modyn/sequence.hpp"

namespace modyn {

// Of the permutation of keys. Part of the on-disk contract: another version chooses other samples.
inline constexpr std::uint32_t kPriorityVersion = 1;

// The priorities of one address: a permutation of [0, kEnd), the non-negative keys. Three rounds of an odd
// multiplication and a folding shift, each after a word of Philox at the address has been added.
class Priorities {
 public:
  static constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;

  explicit Priorities(const Address& address) noexcept;

  [[nodiscard]] std::uint64_t operator()(Key key) const noexcept {
    std::uint64_t x = (static_cast<std::uint64_t>(key) + words_[0]) & kMask;
    x = ((x ^ (x >> 32)) * 0xD6E8FEB86659FD93 + words_[1]) & kMask;
    x = ((x ^ (x >> 29)) * 0xBF58476D1CE4E5B9 + words_[2]) & kMask;
    x = ((x ^ (x >> 32)) * 0x94D049BB133111EB) & kMask;
    return x ^ (x >> 31);
  }
  // Of as many keys as there is room for.
  void apply(std::span<const Key> keys, std::span<std::uint64_t> out) const noexcept;

 private:
  static constexpr std::uint64_t kMask = kEnd - 1;
  std::array<std::uint64_t, 3> words_;
};

// Which group a sample belongs to. Samples may belong to none.
class Groups {
 public:
  // One group.
  static Groups all();
  // Group i holds the samples [ends[i - 1], ends[i]) of the window, such as those of a trigger.
  // kInvalidArgument if the ends descend.
  static Groups parts(std::vector<std::uint64_t> ends);
  // Group i holds the samples with labels[i]. kInvalidArgument if the labels do not ascend.
  static Groups by_label(std::vector<std::int64_t> labels);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  friend class GroupReader;
  struct All {};
  struct Parts {
    std::vector<std::uint64_t> ends;
  };
  struct Labels {
    std::vector<std::int64_t> labels;
  };
  using Kind = std::variant<All, Parts, Labels>;
  Groups(std::size_t size, Kind kind) : size_(size), kind_(std::move(kind)) {}
  std::size_t size_;
  Kind kind_;
};

// The samples of group i whose priority is in [from[i], to[i]); from is empty for zeros, to for no upper bound.
struct Band {
  Priorities priorities;
  Groups groups;
  std::vector<std::uint64_t> from{};
  std::vector<std::uint64_t> to{};
};

// The samples that lie in all of these bands; every sample if there are none.
using Rule = std::vector<Band>;

// Each of the following goes once through the window, with at most `threads` threads (0: as many as there are).
// kInvalidArgument for bands whose numbers do not fit their groups; errors of reading as of Sequence.

// How many samples of each group `among` chooses.
[[nodiscard]] std::vector<std::uint64_t> count(const Sequence& window, const Groups& groups, const Rule& among = {},
                                               unsigned threads = 0);

// The bounds that give each group its quota: exactly min(quotas[i], counts[i]) samples of group i that `among` chooses
// have a priority below bounds[i]; the bound is 0 for a quota of 0, and kEnd where all are wanted. `counts` is what
// `count` says of the same window, groups and rule: it tells where in an even spread of priorities to look, so
// that only the priorities near the bound are collected, some sqrt(quota) of them. Takes a second pass in one of some
// 10^15 windows. kInvalidArgument if the counts are others.
[[nodiscard]] std::vector<std::uint64_t> bounds(const Sequence& window, const Groups& groups,
                                                const Priorities& priorities, std::span<const std::uint64_t> quotas,
                                                std::span<const std::uint64_t> counts, const Rule& among = {},
                                                unsigned threads = 0);

// The samples that any of the rules chooses, in their order.
[[nodiscard]] Sequence choose(const Sequence& window, std::span<const Rule> any_of, unsigned threads = 0);

// A window without repeated keys.
struct Distinct {
  Sequence samples;
  std::vector<std::uint64_t> ends;
};
// Keeps the last sample of each key, and says where parts that end at `ends` end then. Free for ranges of a view, which
// repeat nothing; else it reads the keys, and holds at most 8 bytes for each sample while it does.
// kInvalidArgument if an end is beyond the window.
[[nodiscard]] Distinct latest(const Sequence& window, std::vector<std::uint64_t> ends);

}  // namespace modyn

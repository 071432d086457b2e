// Questions about the samples of one pinned index: what is new, what lies in an interval, whose share is what.
//
// An index never changes, so what is asked in several calls, or by several workers, fits together whatever is
// ingested meanwhile. Answers are columns, read in batches of any size.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

// Which samples, and in which order. Deleted ones are never among them.
struct Query {
  ViewOrder order = ViewOrder::kSequence;  // by key, or by (timestamp, key)
  std::optional<Timestamp> start{};        // timestamps in [start, end); an end before the start: none
  std::optional<Timestamp> end{};
  std::uint64_t since = 0;               // of commits with a sequence number above this one
  std::optional<std::uint64_t> until{};  // and not above this one
};

// The samples that a query asks for.
class Samples {
 public:
  // Segments and extents without such samples are not looked into. Takes memory for stretches of consecutive keys that
  // are asked for, not for samples.
  static std::shared_ptr<const Samples> select(std::shared_ptr<const Index> index, const Query& query);
  ~Samples();
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept;
  [[nodiscard]] ViewOrder order() const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept;

  // Columns of positions [first, first + out.size()); kInvalidArgument beyond the end.
  void keys(std::uint64_t first, std::span<Key> out) const;
  void timestamps(std::uint64_t first, std::span<Timestamp> out) const;
  void labels(std::uint64_t first, std::span<std::int64_t> out) const;

  // Positions [first, first + count) as samples of their own; kInvalidArgument beyond the end.
  [[nodiscard]] std::shared_ptr<const Samples> slice(std::uint64_t first, std::uint64_t count) const;
  // The consecutive part of one of so many workers: the first (size mod workers) get one more. Parts are disjoint and
  // complete. kInvalidArgument if worker >= workers.
  [[nodiscard]] std::shared_ptr<const Samples> share(std::uint64_t worker, std::uint64_t workers) const;

 private:
  struct State;
  explicit Samples(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The number of samples with timestamps in [start, end).
[[nodiscard]] std::uint64_t count_samples(const Index& index, std::optional<Timestamp> start = std::nullopt,
                                          std::optional<Timestamp> end = std::nullopt);

// Each label that there is, ascending, and how many samples have it.
struct LabelCounts {
  std::vector<std::int64_t> labels;
  std::vector<std::uint64_t> counts;
};
// Of the samples with timestamps in [start, end).
[[nodiscard]] LabelCounts count_labels(const Index& index, std::optional<Timestamp> start = std::nullopt,
                                       std::optional<Timestamp> end = std::nullopt);

}  // namespace modyn

// Sequences: which samples, in which order, without a list of them.
//
// A sequence is a small value that knows how to read any of its samples: positions of a view, a training
// set, what a trigger saw in a ledger; or a slice, a concatenation, a permutation or a selection of others.
// Making one costs next to nothing, reading one costs what is read. Only `where` goes through the samples,
// in blocks, and remembers which ones matched in at most one bit each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "modyn/order.hpp"
#include "modyn/partition.hpp"

namespace modyn {

// What a read fills: each column is empty (not wanted) or has one element for each sample.
struct SampleColumns {
  std::span<Key> keys{};
  std::span<float> weights{};  // 1 where the source has no weights
  std::span<Timestamp> timestamps{};
  std::span<std::int64_t> labels{};

  [[nodiscard]] SampleColumns subspan(std::size_t first, std::size_t count) const;
};

// Where samples come from. Implementations are immutable and thread-safe; callers stay within size().
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  [[nodiscard]] virtual bool weighted() const noexcept { return false; }
  // Whether it is known, without reading, that no key is repeated.
  [[nodiscard]] virtual bool is_distinct() const noexcept { return false; }
  // Samples [first, first + count). kUnknownKey if labels or timestamps of a key are wanted that the
  // pinned manifest does not hold; kCorrupt if what is needed fails its checksum.
  virtual void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const = 0;
  // The same for any indices.
  virtual void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const = 0;
  // Appends the ranges of positions of `view` that the samples [first, first + count) are, and returns
  // true; false if they are no such ranges.
  [[nodiscard]] virtual bool append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                                           std::vector<Range>& ranges) const;
};

// Which samples to keep: all conditions that are given.
struct SampleFilter {
  std::optional<std::vector<std::int64_t>> labels;  // the label is one of these
  std::optional<Timestamp> start;                   // timestamp >= start
  std::optional<Timestamp> end;                     // timestamp < end
};

struct LabelCount {
  std::int64_t label;
  std::uint64_t samples;
  friend bool operator==(const LabelCount&, const LabelCount&) = default;
};

class Sequence {
 public:
  // Without samples.
  Sequence();
  explicit Sequence(std::shared_ptr<const SampleSource> source);

  // Positions of a view; labels and timestamps are the index's. kInvalidArgument for a range beyond the view.
  static Sequence of_ranges(std::shared_ptr<const View> view, std::vector<Range> ranges);
  // Keys in memory; labels and timestamps are the index's.
  static Sequence of_keys(std::shared_ptr<const Index> index, std::vector<Key> keys);
  static Sequence of_training_set(std::shared_ptr<const TrainingSet> set);
  // One after the other. Weighted if one of them is; samples of the others have weight 1.
  static Sequence join(std::vector<Sequence> parts);

  [[nodiscard]] std::uint64_t size() const noexcept { return source_->size(); }
  [[nodiscard]] bool weighted() const noexcept { return source_->weighted(); }
  [[nodiscard]] const SampleSource& source() const noexcept { return *source_; }
  [[nodiscard]] const std::shared_ptr<const SampleSource>& shared_source() const noexcept { return source_; }

  // kInvalidArgument if samples [first, first + count) reach beyond the end.
  void check_range(std::uint64_t first, std::uint64_t count) const;
  // kInvalidArgument beyond the end or if a column has another size than is asked for; else as of SampleSource.
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const;

  // Samples [first, first + count). kInvalidArgument beyond the end.
  [[nodiscard]] Sequence slice(std::uint64_t first, std::uint64_t count) const;
  // Sample order(i) at place i. kInvalidArgument if the order is of another size.
  [[nodiscard]] Sequence permuted(const Order& order) const;
  // The same samples with these weights, one for each. kInvalidArgument if there are more or fewer.
  [[nodiscard]] Sequence with_weights(std::vector<float> weights) const;
  // The samples that match, in their order. Reads their labels or timestamps once.
  [[nodiscard]] Sequence where(const SampleFilter& filter) const;

  // Partitions of `maximum_keys_in_memory` samples, the last maybe shorter. kInvalidArgument if that is 0,
  // or for a partition that does not exist.
  [[nodiscard]] std::uint64_t partitions(std::uint64_t maximum_keys_in_memory) const;
  [[nodiscard]] Sequence partition(std::uint64_t number, std::uint64_t maximum_keys_in_memory) const;
  // The contiguous share of one of `workers` workers, as of share().
  [[nodiscard]] Sequence share(std::uint64_t worker, std::uint64_t workers) const;

  // The labels that occur and how often, ascending by label. Memory grows with the number of labels.
  [[nodiscard]] std::vector<LabelCount> label_counts() const;
  // All samples as ranges of positions of `view`, if that is what they are.
  [[nodiscard]] std::optional<std::vector<Range>> ranges(const View& view) const;

 private:
  std::shared_ptr<const SampleSource> source_;
};

// Writes a training set of the samples of a sequence, with their weights if it is weighted, and durable when
// it returns. Ranges of positions of `view` stay ranges; else keys are written while they are read, so memory
// does not grow with their number. Errors as of TrainingSet::write_ranges and write_keys, and of reading.
void write_training_set(const std::filesystem::path& path, const View& view, const Sequence& sequence);

}  // namespace modyn

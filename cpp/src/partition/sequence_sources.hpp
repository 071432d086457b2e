// The sources that sequences are made of.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "modyn/sequence.hpp"
#include "partition/position_set.hpp"
#include "partition/range_table.hpp"

namespace modyn::partition {

// Positions of a view.
class ViewRanges final : public SampleSource {
 public:
  ViewRanges(std::shared_ptr<const View> view, std::span<const Range> ranges);
  [[nodiscard]] std::uint64_t size() const noexcept override { return table_.samples(); }
  [[nodiscard]] bool is_distinct() const noexcept override { return is_distinct_; }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;
  [[nodiscard]] bool append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                                   std::vector<Range>& ranges) const override;

 private:
  std::shared_ptr<const View> view_;
  std::vector<std::uint64_t> first_;
  std::vector<std::uint64_t> end_;
  RangeTable table_;
  bool is_distinct_ = true;  // the ranges ascend without overlap
};

// Keys in memory.
class KeyList final : public SampleSource {
 public:
  KeyList(std::shared_ptr<const Index> index, std::vector<Key> keys)
      : index_(std::move(index)), keys_(std::move(keys)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return keys_.size(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;

 private:
  std::shared_ptr<const Index> index_;
  std::vector<Key> keys_;
};

class TrainingSetSource final : public SampleSource {
 public:
  explicit TrainingSetSource(std::shared_ptr<const TrainingSet> set) : set_(std::move(set)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return set_->size(); }
  [[nodiscard]] bool weighted() const noexcept override { return set_->weighted(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;

 private:
  std::shared_ptr<const TrainingSet> set_;
};

class Slice final : public SampleSource {
 public:
  Slice(std::shared_ptr<const SampleSource> base, Range range) : base_(std::move(base)), range_(range) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return range_.count; }
  [[nodiscard]] bool weighted() const noexcept override { return base_->weighted(); }
  [[nodiscard]] bool is_distinct() const noexcept override { return base_->is_distinct(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;
  [[nodiscard]] bool append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                                   std::vector<Range>& ranges) const override;
  [[nodiscard]] const std::shared_ptr<const SampleSource>& base() const noexcept { return base_; }
  [[nodiscard]] const Range& range() const noexcept { return range_; }

 private:
  std::shared_ptr<const SampleSource> base_;
  Range range_;
};

class Joined final : public SampleSource {
 public:
  explicit Joined(std::vector<Sequence> parts);
  [[nodiscard]] std::uint64_t size() const noexcept override { return end_.empty() ? 0 : end_.back(); }
  [[nodiscard]] bool weighted() const noexcept override { return weighted_; }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;
  [[nodiscard]] bool append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                                   std::vector<Range>& ranges) const override;

 private:
  [[nodiscard]] std::size_t part_of(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t begin_of(std::size_t part) const { return part == 0 ? 0 : end_[part - 1]; }

  std::vector<Sequence> parts_;
  std::vector<std::uint64_t> end_;
  bool weighted_ = false;
};

class Permuted final : public SampleSource {
 public:
  Permuted(std::shared_ptr<const SampleSource> base, const Order& order) : base_(std::move(base)), order_(order) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return base_->size(); }
  [[nodiscard]] bool weighted() const noexcept override { return base_->weighted(); }
  [[nodiscard]] bool is_distinct() const noexcept override { return base_->is_distinct(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;

 private:
  std::shared_ptr<const SampleSource> base_;
  Order order_;
};

// The samples of another source with weights of their own.
class Weighted final : public SampleSource {
 public:
  Weighted(std::shared_ptr<const SampleSource> base, std::vector<float> weights)
      : base_(std::move(base)), weights_(std::move(weights)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return base_->size(); }
  [[nodiscard]] bool weighted() const noexcept override { return true; }
  [[nodiscard]] bool is_distinct() const noexcept override { return base_->is_distinct(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;
  [[nodiscard]] bool append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                                   std::vector<Range>& ranges) const override {
    return base_->append_ranges(view, first, count, ranges);
  }

 private:
  std::shared_ptr<const SampleSource> base_;
  std::vector<float> weights_;
};

// The samples of another source that are in a set.
class Chosen final : public SampleSource {
 public:
  Chosen(std::shared_ptr<const SampleSource> base, PositionSet positions)
      : base_(std::move(base)), positions_(std::move(positions)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return positions_.size(); }
  [[nodiscard]] bool weighted() const noexcept override { return base_->weighted(); }
  [[nodiscard]] bool is_distinct() const noexcept override { return base_->is_distinct(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;

 private:
  std::shared_ptr<const SampleSource> base_;
  PositionSet positions_;
};

}  // namespace modyn::partition

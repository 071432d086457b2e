// Feed: the samples of a training set in training order, several batches at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "modyn/fetch.hpp"
#include "modyn/order.hpp"
#include "modyn/partition.hpp"

namespace modyn {

// The samples of a training set that were deleted after it was written.
class DeletedSamples {
 public:
  // `newer`: a later manifest of the same dataset; kInvalidArgument for another one. Looks at every key of
  // the set if anything was ever deleted there.
  DeletedSamples(const TrainingSet& training_set, std::shared_ptr<const Index> newer);

  // How many samples of the set; one that is there twice counts twice.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  // Puts a key of the set that is not deleted in the place of each that is, whose bytes may be gone, and
  // gives it the weight 0. kInvalidArgument if all samples of the set are deleted.
  void leave_out(std::span<Key> keys, std::span<float> weights) const;

 private:
  std::shared_ptr<const Index> newer_;
  std::uint64_t count_ = 0;
  std::optional<Key> stand_in_;
};

// Joins a training set, the order of an epoch and a reader. Sample i of the feed is the training
// set's sample order(i). Thread-safe.
class Feed {
 public:
  // Without `fields`, of whole samples. kInvalidArgument if the order has another size than the set, if
  // the reader has pinned another manifest, or if a field does not lie within the sample. `deleted`, if
  // given, is of this set.
  Feed(std::shared_ptr<const TrainingSet> training_set, Order order, std::shared_ptr<const Reader> reader,
       std::optional<std::vector<Field>> fields, std::shared_ptr<const DeletedSamples> deleted = nullptr);

  [[nodiscard]] const TrainingSet& training_set() const noexcept { return *training_set_; }
  [[nodiscard]] const Reader& reader() const noexcept { return *reader_; }
  [[nodiscard]] const std::optional<std::vector<Field>>& fields() const noexcept { return fields_; }

  // Whether some samples have another weight than 1.
  [[nodiscard]] bool weighted() const noexcept { return training_set_->weighted() || deleted_ != nullptr; }

  // Keys and weights of samples [first, first + keys.size()); `weights` may be empty. Errors as of
  // TrainingSet::read_at.
  void read(std::uint64_t first, std::span<Key> keys, std::span<float> weights) const;
  // The keys to fetch for those that read() gave, of which `weights` become 0 where another sample stands in.
  [[nodiscard]] std::vector<Key> fetched_keys(std::span<const Key> keys, std::span<float> weights) const;

  // Samples [first, first + keys.size()) of a feed with fields: each column has one element for each
  // sample, outputs[f] has room for as many times fields[f].length bytes. `weights` may be empty.
  // Errors as of TrainingSet::read_at and Reader::fetch_fields; kInvalidArgument without fields.
  void fetch(std::uint64_t first, std::span<Key> keys, std::span<float> weights, std::span<std::int64_t> labels,
             std::span<std::byte* const> outputs) const;

  // Announces samples [first, first + count) to the operating system, as Reader::advise does.
  void advise(std::uint64_t first, std::uint64_t count) const;

 private:
  std::shared_ptr<const TrainingSet> training_set_;
  Order order_;
  std::shared_ptr<const Reader> reader_;
  std::optional<std::vector<Field>> fields_;
  std::shared_ptr<const DeletedSamples> deleted_;
};

}  // namespace modyn

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

// Joins a training set, the order of an epoch and a reader. Sample i of the feed is the training
// set's sample order(i). Thread-safe.
class Feed {
 public:
  // kInvalidArgument if the order has another size than the set, if the reader has pinned
  // another manifest, or if a field does not lie within the sample.
  Feed(std::shared_ptr<const TrainingSet> training_set, Order order, std::shared_ptr<const Reader> reader,
       std::vector<Field> fields);

  [[nodiscard]] const TrainingSet& training_set() const noexcept { return *training_set_; }
  [[nodiscard]] std::span<const Field> fields() const noexcept { return fields_; }

  // Samples [first, first + keys.size()): each column has one element for each sample, outputs[f] has
  // room for as many times fields[f].length bytes. `weights` may be empty. Errors as of
  // TrainingSet::read_at and Reader::fetch_fields.
  void fetch(std::uint64_t first, std::span<Key> keys, std::span<float> weights, std::span<std::int64_t> labels,
             std::span<std::byte* const> outputs) const;

 private:
  std::shared_ptr<const TrainingSet> training_set_;
  Order order_;
  std::shared_ptr<const Reader> reader_;
  std::vector<Field> fields_;
};

}  // namespace modyn

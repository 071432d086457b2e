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
  // Without `fields`, of whole samples. kInvalidArgument if the order has another size than the set, if
  // the reader has pinned another manifest, or if a field does not lie within the sample.
  Feed(std::shared_ptr<const TrainingSet> training_set, Order order, std::shared_ptr<const Reader> reader,
       std::optional<std::vector<Field>> fields);

  [[nodiscard]] const TrainingSet& training_set() const noexcept { return *training_set_; }
  [[nodiscard]] const Reader& reader() const noexcept { return *reader_; }
  [[nodiscard]] const std::optional<std::vector<Field>>& fields() const noexcept { return fields_; }

  // Keys and weights of samples [first, first + keys.size()), for the reader; `weights` may be empty. Errors as
  // of TrainingSet::read_at.
  void read(std::uint64_t first, std::span<Key> keys, std::span<float> weights) const;

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
};

}  // namespace modyn

#include "modyn/feed.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/message.hpp"

namespace modyn {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInvalidArgument, "feed: " + what); }

}  // namespace

Feed::Feed(std::shared_ptr<const TrainingSet> training_set, Order order, std::shared_ptr<const Reader> reader,
           std::optional<std::vector<Field>> fields)
    : training_set_(std::move(training_set)),
      order_(std::move(order)),
      reader_(std::move(reader)),
      fields_(std::move(fields)) {
  if (order_.size() != training_set_->size()) {
    refuse("the order is of " + core::grouped(order_.size()) + " samples, the training set has " +
           core::grouped(training_set_->size()));
  }
  const std::uint64_t wanted = training_set_->view()->index()->summary().manifest;
  const std::uint64_t pinned = reader_->index()->summary().manifest;
  if (wanted != pinned) {
    refuse("the training set is of manifest " + core::grouped(wanted) + ", the reader of manifest " +
           core::grouped(pinned));
  }
  if (fields_) check_fields(reader_->format(), *fields_);  // now, not in the middle of an epoch
}

void Feed::read(std::uint64_t first, std::span<Key> keys, std::span<float> weights) const {
  if (!order_.is_shuffled()) return training_set_->read(first, keys, weights);
  std::vector<std::uint64_t> indices(keys.size());
  order_.apply(first, indices);
  training_set_->read_at(indices, keys, weights);
}

void Feed::fetch(std::uint64_t first, std::span<Key> keys, std::span<float> weights, std::span<std::int64_t> labels,
                 std::span<std::byte* const> outputs) const {
  if (!fields_) refuse("it is of whole samples and has no fields; fetch them from its reader");
  read(first, keys, weights);
  reader_->fetch_fields(keys, *fields_, labels, outputs);
}

void Feed::advise(std::uint64_t first, std::uint64_t count) const {
  // Of what is in memory already, only a few samples are looked at: an order costs more than a look.
  constexpr std::uint64_t kLooks = 16;
  std::vector<Key> some(std::min(count, kLooks));
  for (std::uint64_t i = 0; i < some.size(); ++i) {
    read(first + i * count / some.size(), std::span(some).subspan(i, 1), {});
  }
  if (!reader_->needs_disk(some)) return;
  std::vector<Key> keys(count);
  read(first, keys, {});
  reader_->advise(keys);
}

}  // namespace modyn

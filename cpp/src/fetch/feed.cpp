#include "modyn/feed.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/message.hpp"

namespace modyn {
namespace {

constexpr std::uint64_t kBlock = 65'536;  // keys that are looked at together

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInvalidArgument, "feed: " + what); }

}  // namespace

DeletedSamples::DeletedSamples(const TrainingSet& training_set, std::shared_ptr<const Index> newer)
    : newer_(std::move(newer)) {
  const Index& pinned = *training_set.view()->index();
  if (newer_->identity() != pinned.identity() || newer_->summary().manifest < pinned.summary().manifest) {
    refuse("what was deleted after the training set was written is asked of another dataset, or of an older manifest");
  }
  if (newer_->summary().deleted == 0) return;
  std::vector<Key> keys;
  const auto flags = std::make_unique<bool[]>(kBlock);
  for (std::uint64_t first = 0; first < training_set.size(); first += kBlock) {
    keys.resize(std::min(kBlock, training_set.size() - first));
    training_set.read(first, keys, {});
    newer_->deleted(keys, {flags.get(), keys.size()});
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (flags[i]) {
        ++count_;
      } else if (!stand_in_) {
        stand_in_ = keys[i];
      }
    }
  }
}

void DeletedSamples::leave_out(std::span<Key> keys, std::span<float> weights) const {
  if (count_ == 0) return;
  const auto flags = std::make_unique<bool[]>(keys.size());
  newer_->deleted(keys, {flags.get(), keys.size()});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!flags[i]) continue;
    if (!stand_in_) refuse("all samples of the training set were deleted after it was written");
    keys[i] = *stand_in_;
    if (!weights.empty()) weights[i] = 0;
  }
}

Feed::Feed(std::shared_ptr<const TrainingSet> training_set, Order order, std::shared_ptr<const Reader> reader,
           std::optional<std::vector<Field>> fields, std::shared_ptr<const DeletedSamples> deleted)
    : training_set_(std::move(training_set)),
      order_(std::move(order)),
      reader_(std::move(reader)),
      fields_(std::move(fields)),
      deleted_(deleted != nullptr && deleted->count() > 0 ? std::move(deleted) : nullptr) {
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

std::vector<Key> Feed::fetched_keys(std::span<const Key> keys, std::span<float> weights) const {
  std::vector<Key> fetched(keys.begin(), keys.end());
  if (deleted_) deleted_->leave_out(fetched, weights);
  return fetched;
}

void Feed::fetch(std::uint64_t first, std::span<Key> keys, std::span<float> weights, std::span<std::int64_t> labels,
                 std::span<std::byte* const> outputs) const {
  if (!fields_) refuse("it is of whole samples and has no fields; fetch them from its reader");
  read(first, keys, weights);
  reader_->fetch_fields(fetched_keys(keys, weights), *fields_, labels, outputs);
}

void Feed::advise(std::uint64_t first, std::uint64_t count) const {
  // Of what is in memory already, only a few samples are looked at: an order costs more than a look.
  constexpr std::uint64_t kLooks = 16;
  std::vector<Key> some(std::min(count, kLooks));
  for (std::uint64_t i = 0; i < some.size(); ++i) {
    read(first + i * count / some.size(), std::span(some).subspan(i, 1), {});
  }
  if (!reader_->needs_disk(fetched_keys(some, {}))) return;
  std::vector<Key> keys(count);
  read(first, keys, {});
  reader_->advise(fetched_keys(keys, {}));
}

}  // namespace modyn

#include "modyn/sequence.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "partition/sequence_sources.hpp"

namespace modyn {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInvalidArgument, "sequence: " + what); }

void check_columns(const SampleColumns& out, std::uint64_t count) {
  for (const std::size_t size : {out.keys.size(), out.weights.size(), out.timestamps.size(), out.labels.size()}) {
    if (size == 0 || size == count) continue;
    refuse("room for " + core::grouped(std::uint64_t{size}) + " elements of a column, " + core::grouped(count) +
           " samples asked for");
  }
}

// What is not wanted stays so.
template <typename T>
std::span<T> part_of(std::span<T> column, std::size_t first, std::size_t count) {
  return column.empty() ? column : column.subspan(first, count);
}

}  // namespace

SampleColumns SampleColumns::subspan(std::size_t first, std::size_t count) const {
  return {part_of(keys, first, count), part_of(weights, first, count), part_of(timestamps, first, count),
          part_of(labels, first, count)};
}

bool SampleSource::append_ranges(const View&, std::uint64_t, std::uint64_t, std::vector<Range>&) const { return false; }

Sequence::Sequence() : Sequence(std::make_shared<partition::Joined>(std::vector<Sequence>())) {}
Sequence::Sequence(std::shared_ptr<const SampleSource> source) : source_(std::move(source)) {}

Sequence Sequence::of_ranges(std::shared_ptr<const View> view, std::vector<Range> ranges) {
  return Sequence(std::make_shared<partition::ViewRanges>(std::move(view), ranges));
}

Sequence Sequence::of_keys(std::shared_ptr<const Index> index, std::vector<Key> keys) {
  return Sequence(std::make_shared<partition::KeyList>(std::move(index), std::move(keys)));
}

Sequence Sequence::of_training_set(std::shared_ptr<const TrainingSet> set) {
  return Sequence(std::make_shared<partition::TrainingSetSource>(std::move(set)));
}

Sequence Sequence::join(std::vector<Sequence> parts) {
  std::erase_if(parts, [](const Sequence& part) { return part.size() == 0; });
  if (parts.size() == 1) return std::move(parts.front());
  return Sequence(std::make_shared<partition::Joined>(std::move(parts)));
}

void Sequence::check_range(std::uint64_t first, std::uint64_t count) const {
  if (first <= size() && count <= size() - first) return;
  refuse("samples [" + core::grouped(first) + ", " + core::grouped(first) + " + " + core::grouped(count) +
         ") asked for; it has " + core::grouped(size()));
}

void Sequence::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  check_range(first, count);
  check_columns(out, count);
  if (count > 0) source_->read(first, count, out);
}

void Sequence::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  check_columns(out, indices.size());
  if (indices.empty()) return;
  check_range(std::ranges::max(indices), 1);
  source_->read_at(indices, out);
}

Sequence Sequence::slice(std::uint64_t first, std::uint64_t count) const {
  check_range(first, count);
  if (count == size()) return *this;
  if (const auto* outer = dynamic_cast<const partition::Slice*>(source_.get())) {
    return Sequence(std::make_shared<partition::Slice>(outer->base(), Range{outer->range().first + first, count}));
  }
  return Sequence(std::make_shared<partition::Slice>(source_, Range{first, count}));
}

Sequence Sequence::permuted(const Order& order) const {
  if (order.size() != size()) {
    refuse("an order of " + core::grouped(order.size()) + " samples for a sequence of " + core::grouped(size()));
  }
  if (!order.is_shuffled()) return *this;
  return Sequence(std::make_shared<partition::Permuted>(source_, order));
}

Sequence Sequence::with_weights(std::vector<float> weights) const {
  if (weights.size() != size()) {
    refuse(core::grouped(std::uint64_t{weights.size()}) + " weights for " + core::grouped(size()) + " samples");
  }
  return Sequence(std::make_shared<partition::Weighted>(source_, std::move(weights)));
}

std::uint64_t Sequence::partitions(std::uint64_t maximum_keys_in_memory) const {
  if (maximum_keys_in_memory == 0) refuse("partitions of 0 samples");
  return size() / maximum_keys_in_memory + (size() % maximum_keys_in_memory != 0 ? 1 : 0);
}

Sequence Sequence::partition(std::uint64_t number, std::uint64_t maximum_keys_in_memory) const {
  const std::uint64_t count = partitions(maximum_keys_in_memory);
  if (number >= count) {
    refuse("there is no partition " + core::grouped(number) + " of " + core::grouped(count) +
           "; partitions count from 0");
  }
  const std::uint64_t first = number * maximum_keys_in_memory;
  return slice(first, std::min(maximum_keys_in_memory, size() - first));
}

Sequence Sequence::share(std::uint64_t worker, std::uint64_t workers) const {
  const Range range = modyn::share(size(), worker, workers);
  return slice(range.first, range.count);
}

std::optional<std::vector<Range>> Sequence::ranges(const View& view) const {
  std::vector<Range> ranges;
  if (!source_->append_ranges(view, 0, size(), ranges)) return std::nullopt;
  return ranges;
}

}  // namespace modyn

#include "modyn/fetch.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "fetch/copy_plan.hpp"
#include "fetch/key_order.hpp"
#include "fetch/part.hpp"
#include "fetch/scratch.hpp"
#include "fetch/source_files.hpp"

namespace modyn {
namespace {

// A part is what one thread does at a time: large enough to pay for handing it over, small enough
// for its columns to stay in the cache.
constexpr std::size_t kMinBytesOfPart = 128 * 1024;
constexpr std::size_t kMinKeysOfPart = 512;
constexpr std::size_t kMaxKeysOfPart = 8192;

// `bytes_of_key`: what is copied for it.
std::size_t keys_of_part(std::size_t bytes_of_key) noexcept {
  return std::clamp(kMinBytesOfPart / std::max<std::size_t>(bytes_of_key, 1), kMinKeysOfPart, kMaxKeysOfPart);
}

void require_room(const char* what, std::size_t actual, std::size_t expected) {
  if (actual == expected) return;
  throw Error(ErrorKind::kInvalidArgument, "fetch: room for " + core::grouped(std::uint64_t{actual}) + " " + what +
                                               " given, " + core::grouped(std::uint64_t{expected}) + " needed");
}

const FixedRecordFormat& format_of(const Index& index) {
  static const FixedRecordFormat kNothingCommitted;
  if (index.summary().manifest == 0) return kNothingCommitted;
  if (const FixedRecordFormat* format = index.fixed_records()) return *format;
  throw Error(ErrorKind::kInvalidArgument, "fetch: the samples of this dataset have no fixed size");
}

}  // namespace

struct Reader::State {
  State(std::shared_ptr<const Index> the_index, std::filesystem::path root, unsigned most_threads,
        std::size_t max_open_files)
      : index(std::move(the_index)), threads(most_threads), files(index, std::move(root), max_open_files) {}

  std::shared_ptr<const Index> index;
  unsigned threads;
  fetch::SourceFiles files;
  fetch::Scratch<fetch::KeyOrder> orders;
  fetch::Scratch<fetch::Part> parts;

  void fetch(std::span<const Key> keys, std::span<std::int64_t> labels, const fetch::CopyPlan& plan);
  void fetch_block(std::span<const Key> keys, std::span<std::int64_t> labels, const fetch::CopyPlan& plan,
                   std::size_t first_slot);
};

void Reader::State::fetch(std::span<const Key> keys, std::span<std::int64_t> labels, const fetch::CopyPlan& plan) {
  const Key next_key = index->summary().next_key;
  if (std::ranges::any_of(keys, [next_key](Key key) { return key < 0 || key >= next_key; })) {
    index->labels(keys, labels);  // names the unknown keys
  }
  const std::size_t block = fetch::KeyOrder::max_keys(next_key);
  for (std::size_t first = 0; first < keys.size(); first += block) {
    const std::size_t count = std::min(block, keys.size() - first);
    fetch_block(keys.subspan(first, count), labels.subspan(first, count), plan, first);
  }
}

void Reader::State::fetch_block(std::span<const Key> keys, std::span<std::int64_t> labels, const fetch::CopyPlan& plan,
                                std::size_t first_slot) {
  const FixedRecordFormat& format = format_of(*index);
  orders.with([&](fetch::KeyOrder& order) {
    order.build(keys, index->summary().next_key);
    const std::size_t size = keys_of_part(plan.bytes);
    const std::size_t count = (keys.size() + size - 1) / size;
    core::ThreadPool::shared().for_each(count, threads, [&](std::size_t number) {
      const std::size_t first = number * size;
      parts.with([&](fetch::Part& part) {
        part.resolve(*index, order, first, std::min(size, keys.size() - first));
        part.give_labels(labels);
        part.copy(format, files, plan, first_slot);
      });
    });
  });
}

Reader::Reader(std::shared_ptr<const Index> index, std::filesystem::path root, unsigned threads,
               std::size_t max_open_files)
    : state_(std::make_unique<State>(std::move(index), std::move(root), threads, max_open_files)) {}
Reader::~Reader() = default;

const std::shared_ptr<const Index>& Reader::index() const noexcept { return state_->index; }

const FixedRecordFormat& Reader::format() const { return format_of(*state_->index); }

void Reader::fetch(std::span<const Key> keys, std::span<std::int64_t> labels, std::span<std::byte> data) const {
  const std::uint64_t sample_size = format().sample_size();
  require_room("bytes", data.size(), keys.size() * sample_size);
  if (sample_size == 0) {  // records that are nothing but a label
    fetch_fields(keys, {}, labels, {});
    return;
  }
  const Field sample{0, sample_size};
  std::byte* const output = data.data();
  fetch_fields(keys, {&sample, 1}, labels, {&output, 1});
}

void Reader::fetch_fields(std::span<const Key> keys, std::span<const Field> fields, std::span<std::int64_t> labels,
                          std::span<std::byte* const> outputs) const {
  require_room("labels", labels.size(), keys.size());
  require_room("fields", outputs.size(), fields.size());
  state_->fetch(keys, labels, fetch::plan_copy(format(), fields, outputs));
}

}  // namespace modyn

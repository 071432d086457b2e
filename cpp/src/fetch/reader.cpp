#include <algorithm>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "fetch/fetcher.hpp"
#include "fetch/request.hpp"
#include "modyn/fetch.hpp"

namespace modyn {
namespace {

constexpr FixedRecordFormat kNothingCommitted;

// nullptr if samples have no fixed size.
const FixedRecordFormat* format_of(const Index& index) noexcept {
  return index.summary().manifest == 0 ? &kNothingCommitted : index.fixed_records();
}

void require_room(const char* what, std::size_t actual, std::size_t expected) {
  if (actual == expected) return;
  throw Error(ErrorKind::kInvalidArgument, "fetch: room for " + core::grouped(std::uint64_t{actual}) + " " + what +
                                               " given, " + core::grouped(std::uint64_t{expected}) + " needed");
}

void check_offsets(std::span<const std::int64_t> offsets, std::size_t keys, std::size_t bytes) {
  require_room("offsets", offsets.size(), keys + 1);
  if (offsets.front() == 0 && offsets.back() == static_cast<std::int64_t>(bytes) && std::ranges::is_sorted(offsets)) {
    return;
  }
  throw Error(ErrorKind::kInvalidArgument,
              "fetch: offsets must ascend from 0 to the " + core::grouped(std::uint64_t{bytes}) + " bytes of the room");
}

}  // namespace

struct Reader::State {
  fetch::Fetcher fetcher;
};

Reader::Reader(std::shared_ptr<const Index> index, std::filesystem::path root, unsigned threads,
               std::size_t max_open_files, Access access)
    : state_(new State{{std::move(index), std::move(root), threads, max_open_files, access}}) {}
Reader::~Reader() = default;

const std::shared_ptr<const Index>& Reader::index() const noexcept { return state_->fetcher.index(); }

std::optional<std::uint64_t> Reader::sample_size() const noexcept {
  const FixedRecordFormat* const format = format_of(*index());
  return format == nullptr ? std::nullopt : std::optional(format->sample_size());
}

const FixedRecordFormat& Reader::format() const {
  if (const FixedRecordFormat* const format = format_of(*index())) return *format;
  throw Error(ErrorKind::kInvalidArgument,
              "fetch: the samples of this dataset have no fixed size, so they have no fields and make no matrix; "
              "fetch them with their offsets");
}

void Reader::sizes(std::span<const Key> keys, std::span<std::uint64_t> out) const {
  require_room("sizes", out.size(), keys.size());
  state_->fetcher.sizes(keys, out);
}

void Reader::fetch(std::span<const Key> keys, std::span<std::int64_t> labels, std::span<std::byte> data) const {
  const std::uint64_t size = format().sample_size();
  require_room("labels", labels.size(), keys.size());
  require_room("bytes", data.size(), keys.size() * size);
  state_->fetcher.fetch({keys, labels.data(), &format(), fetch::WholeSamples{data.data(), size, nullptr},
                         static_cast<std::size_t>(size)});
}

void Reader::fetch_any(std::span<const Key> keys, std::span<const std::int64_t> offsets, std::span<std::int64_t> labels,
                       std::span<std::byte> data) const {
  require_room("labels", labels.size(), keys.size());
  check_offsets(offsets, keys.size(), data.size());
  const std::size_t average = keys.empty() ? 0 : data.size() / keys.size();
  state_->fetcher.fetch(
      {keys, labels.data(), format_of(*index()), fetch::WholeSamples{data.data(), 0, offsets.data()}, average});
}

void Reader::fetch_fields(std::span<const Key> keys, std::span<const Field> fields, std::span<std::int64_t> labels,
                          std::span<std::byte* const> outputs) const {
  require_room("labels", labels.size(), keys.size());
  require_room("fields", outputs.size(), fields.size());
  fetch::FieldColumns columns = fetch::field_columns(format(), fields, outputs);
  const std::size_t bytes = columns.end_byte - columns.first_byte;
  state_->fetcher.fetch({keys, labels.data(), &format(), std::move(columns), bytes});
}

bool Reader::needs_disk(std::span<const Key> keys) const { return state_->fetcher.look(keys).from_disk; }

void Reader::advise(std::span<const Key> keys) const { state_->fetcher.advise(keys); }

}  // namespace modyn

#include "modyn/index.hpp"

#include <algorithm>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/index_state.hpp"
#include "index/manifest.hpp"
#include "index/segment.hpp"

namespace modyn {
namespace {

void check_output(std::size_t keys, std::size_t out) {
  if (keys != out) {
    throw Error(ErrorKind::kInvalidArgument, "room for " + core::grouped(std::uint64_t{out}) + " results, needed for " +
                                                 core::grouped(std::uint64_t{keys}) + " keys");
  }
}

// Remembers where the last key was found: neighbours in a request are often neighbours in a file.
class ExtentCursor {
 public:
  explicit ExtentCursor(const Index::State& state) : state_(state) {}

  // False if the key does not exist.
  bool seek(Key key) {
    if (key >= first_ && key < end_) return true;
    if (segment_ == nullptr || key < segment_->entry().first_key || key >= segment_->entry().end_key()) {
      segment_ = state_.find(key);
      if (segment_ == nullptr) return false;
      extents_ = &segment_->extents();
    }
    const auto after = std::ranges::upper_bound(extents_->first_key, key);
    at_ = static_cast<std::size_t>(after - extents_->first_key.begin()) - 1;
    first_ = extents_->first_key[at_];
    end_ = after == extents_->first_key.end() ? segment_->entry().end_key() : *after;
    return true;
  }

  [[nodiscard]] Location location(Key key) const {
    const auto within = static_cast<std::uint64_t>(key - first_);
    if (extents_->kind_of(at_) == ExtentKind::kFiles) {
      return {extents_->file[at_] + static_cast<std::uint32_t>(within), extents_->first_record[at_]};
    }
    return {extents_->file[at_], extents_->first_record[at_] + within};
  }
  [[nodiscard]] Timestamp timestamp(Key key) const { return segment_->timestamp(at_, key); }
  [[nodiscard]] Place place(Key key) const;

 private:
  [[nodiscard]] Place place_of_file(Key key) const;
  [[nodiscard]] Place place_of_row(Key key) const;
  [[nodiscard]] const FixedRecordFormat& fixed_records() const;

  const Index::State& state_;
  const index::Segment* segment_ = nullptr;
  const index::Extents* extents_ = nullptr;
  std::size_t at_ = 0;
  Key first_ = 0;
  Key end_ = 0;
};

Place ExtentCursor::place(Key key) const {
  const auto within = static_cast<std::uint64_t>(key - first_);
  const std::uint32_t file = extents_->file[at_];
  switch (extents_->kind_of(at_)) {
    case ExtentKind::kRows:
      return place_of_row(key);
    case ExtentKind::kFiles:
      return place_of_file(key);
    case ExtentKind::kSamples: {
      const std::uint64_t size = fixed_records().sample_size();
      return {extents_->base_of(at_) + within * size, file, static_cast<std::uint32_t>(size), 0, 0};
    }
    case ExtentKind::kRecords:
      break;
  }
  const FixedRecordFormat& format = fixed_records();
  return {(extents_->first_record[at_] + within) * format.record_size, file,
          static_cast<std::uint32_t>(format.record_size), static_cast<std::uint32_t>(format.label_offset),
          static_cast<std::uint32_t>(format.label_size)};
}

Place ExtentCursor::place_of_row(Key key) const {
  const index::RowColumns& rows = segment_->rows();
  const std::uint64_t row = segment_->row_of(key);
  return {extents_->base_of(at_) + static_cast<std::uint64_t>(rows.offset[row]), extents_->file[at_],
          static_cast<std::uint32_t>(rows.length[row]), static_cast<std::uint32_t>(rows.cut_offset[row]),
          static_cast<std::uint32_t>(rows.cut_length[row])};
}

Place ExtentCursor::place_of_file(Key key) const {
  const std::uint32_t file = location(key).file;
  const auto bytes = static_cast<std::uint32_t>(state_.segment_of_file(file).ingested_bytes(file));
  return {0, file, bytes, 0, 0};
}

const FixedRecordFormat& ExtentCursor::fixed_records() const {
  if (!state_.fixed_records) {
    core::throw_corrupt(segment_->file().path(), "it has fixed records, which its dataset's format has not");
  }
  return *state_.fixed_records;
}

index::Manifest read_pinned(const std::filesystem::path& dataset, std::uint64_t number) {
  // An absent manifest is a caller's mistake, unless files were removed: say which there are.
  if (!std::filesystem::exists(index::manifest_file(dataset, number))) {
    throw Error(ErrorKind::kInvalidArgument, "dataset " + core::quoted(dataset) + " has no manifest " +
                                                 std::to_string(number) + "; the newest is " +
                                                 std::to_string(index::newest_manifest(dataset)));
  }
  return index::read_manifest(dataset, number);
}

}  // namespace

std::shared_ptr<const Index> Index::open(const std::filesystem::path& dataset, std::optional<std::uint64_t> manifest) {
  const std::uint64_t newest = manifest ? *manifest : index::newest_manifest(dataset);
  auto state = std::make_unique<State>(dataset, newest == 0 ? index::Manifest{} : read_pinned(dataset, newest));
  return std::shared_ptr<const Index>(new Index(std::move(state)));
}

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::~Index() = default;

const IndexSummary& Index::summary() const noexcept { return state_->summary; }

const std::string& Index::format() const noexcept { return state_->manifest.format; }

const FixedRecordFormat* Index::fixed_records() const noexcept {
  return state_->fixed_records ? &*state_->fixed_records : nullptr;
}

std::array<std::byte, 16> Index::identity() const noexcept { return state_->manifest.dataset; }

void Index::locate(std::span<const Key> keys, std::span<Location> out) const {
  check_output(keys.size(), out.size());
  ExtentCursor cursor(*state_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!cursor.seek(keys[i])) state_->throw_unknown_keys(keys);
    out[i] = cursor.location(keys[i]);
  }
}

void Index::places(std::span<const Key> keys, std::span<Place> out) const {
  check_output(keys.size(), out.size());
  ExtentCursor cursor(*state_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!cursor.seek(keys[i])) state_->throw_unknown_keys(keys);
    out[i] = cursor.place(keys[i]);
  }
}

void Index::timestamps(std::span<const Key> keys, std::span<Timestamp> out) const {
  check_output(keys.size(), out.size());
  ExtentCursor cursor(*state_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!cursor.seek(keys[i])) state_->throw_unknown_keys(keys);
    out[i] = cursor.timestamp(keys[i]);
  }
}

void Index::labels(std::span<const Key> keys, std::span<std::int64_t> out) const {
  check_output(keys.size(), out.size());
  const index::Segment* segment = nullptr;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Key key = keys[i];
    if (segment == nullptr || key < segment->entry().first_key || key >= segment->entry().end_key()) {
      segment = state_->find(key);
      if (segment == nullptr) state_->throw_unknown_keys(keys);
    }
    out[i] = segment->labels()[segment->row_of(key)];
  }
}

void Index::label_range(Key first, std::span<std::int64_t> out) const {
  while (!out.empty()) {
    const index::Segment* segment = state_->find(first);
    if (segment == nullptr) state_->throw_unknown_keys(std::span(&first, 1));
    const auto left = static_cast<std::uint64_t>(segment->entry().end_key() - first);
    const std::size_t count = std::min<std::size_t>(out.size(), left);
    segment->labels().read(segment->row_of(first), out.first(count));
    first += static_cast<Key>(count);
    out = out.subspan(count);
  }
}

SourceFile Index::source_file(std::uint32_t file) const {
  if (file >= state_->manifest.next_file) {
    throw Error(ErrorKind::kInvalidArgument, "there is no source file " + std::to_string(file) + "; dataset " +
                                                 core::quoted(state_->dataset) + " has " +
                                                 core::grouped(std::uint64_t{state_->manifest.next_file}));
  }
  const index::Segment& segment = state_->segment_of_file(file);
  const std::uint32_t row = file - segment.entry().first_file;
  if (const State::Update* update = state_->find_update(file)) {
    return state_->segments[update->segment]->updates().at(update->row, segment.path(row));
  }
  return segment.files().at(row, segment.path(row));
}

std::uint32_t Index::source_files() const noexcept { return state_->manifest.next_file; }

void Index::verify() const {
  for (const auto& segment : state_->segments) segment->verify();
}

}  // namespace modyn

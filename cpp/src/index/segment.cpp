#include "index/segment.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"
#include "index/dataset_folder.hpp"

namespace modyn::index {
namespace {

// A span over a whole column whose blocks may not be verified yet.
template <typename T>
std::span<const T> unverified(const ColumnFile& file, std::string_view name) {
  return file.column<T>(name).unverified();
}

std::shared_ptr<const ColumnFile> open_checked(const std::filesystem::path& dataset, const SegmentEntry& entry) {
  const auto path = segment_folder(dataset) / entry.name;
  auto file = ColumnFile::open(path, FileKind::kSegment);
  if (file->digest() != entry.digest || file->bytes() != entry.bytes) {
    core::throw_corrupt(path, "it is not the segment that the manifest of dataset " + core::quoted(dataset) + " names");
  }
  return file;
}

}  // namespace

FileColumns::FileColumns(const ColumnFile& file, const std::string& prefix)
    : size(file, prefix + "_size"),
      mtime_ns(file, prefix + "_mtime_ns"),
      inode(file, prefix + "_inode"),
      ingested_bytes(file, prefix + "_ingested_bytes"),
      fingerprint(file, prefix + "_fingerprint"),
      companion(file, prefix + "_companion", size.size()),
      owned(file, prefix + "_owned", size.size()) {
  const std::uint64_t rows = size.size();
  if (mtime_ns.size() != rows || inode.size() != rows || ingested_bytes.size() != rows || fingerprint.size() != rows) {
    core::throw_corrupt(file.path(), "its columns about files differ in length");
  }
}

SourceFile FileColumns::at(std::uint64_t row, std::string path) const {
  const auto number = [row](const auto& column) { return static_cast<std::uint64_t>(column[row]); };
  return {std::move(path),        number(size),        mtime_ns[row],     number(inode),
          number(ingested_bytes), number(fingerprint), number(companion), owned[row] != 0};
}

Segment::Segment(const std::filesystem::path& dataset, const SegmentEntry& entry)
    : entry_(entry),
      file_(open_checked(dataset, entry)),
      labels_(*file_, "label"),
      later_(*file_, "later", entry.samples),
      names_(*file_, "file_path"),
      files_(*file_, "file"),
      updated_files_(file_->column<std::uint32_t>("update_file")),
      updates_(*file_, "update") {
  if (!entry.deletions.name.empty()) deletions_.emplace(dataset, entry);
  if (file_->has("row_offset")) {
    rows_ = RowColumns{IntegerColumn(*file_, "row_offset"), IntegerColumn(*file_, "row_length"),
                       IntegerColumn(*file_, "row_cut_offset"), IntegerColumn(*file_, "row_cut_length")};
  }
  if (file_->has("folder")) {
    folders_.emplace(*file_, "folder");
    file_folder_.emplace(*file_, "file_folder");
  }
  extents_ = {unverified<Key>(*file_, "extent_first_key"),
              unverified<std::uint32_t>(*file_, "extent_file"),
              unverified<std::uint64_t>(*file_, "extent_first_record"),
              unverified<Timestamp>(*file_, "extent_timestamp"),
              {},
              {},
              {}};
  if (file_->has("extent_kind")) {
    const auto kinds = unverified<std::uint8_t>(*file_, "extent_kind");
    static_assert(sizeof(ExtentKind) == sizeof(std::uint8_t));
    extents_.kind = {reinterpret_cast<const ExtentKind*>(kinds.data()), kinds.size()};
  }
  if (file_->has("extent_base")) extents_.base = unverified<std::uint64_t>(*file_, "extent_base");
  if (file_->has("extent_last")) extents_.last = unverified<Timestamp>(*file_, "extent_last");
  check_sizes();
  open_commits();
}

void Segment::open_commits() {
  if (!file_->has("commit_sequence")) {
    commits_ = {std::span(&entry_.sequence, 1), std::span(&entry_.first_key, 1)};
    return;
  }
  commits_ = {file_->read<std::uint64_t>("commit_sequence"), file_->read<Key>("commit_first_key")};
  const auto& [sequences, keys] = commits_;
  const auto ascend = [](const auto& values) {
    return std::ranges::adjacent_find(values, std::ranges::greater_equal()) == values.end();
  };
  const bool fits = sequences.size() == keys.size() && (entry_.samples == 0) == sequences.empty() &&
                    ascend(sequences) && ascend(keys) &&
                    (sequences.empty() || (sequences.back() <= entry_.sequence && keys.front() == entry_.first_key &&
                                           keys.back() < entry_.end_key()));
  if (!fits) core::throw_corrupt(file_->path(), "its commits contradict each other or the manifest");
}

Key Segment::first_key_after(std::uint64_t sequence) const {
  const auto after = std::ranges::upper_bound(commits_.sequence, sequence) - commits_.sequence.begin();
  return commits_.first_key[static_cast<std::size_t>(after)];
}

void Segment::check_sizes() const {
  const std::uint64_t extents = extents_.first_key.size();
  const auto fits = [](std::uint64_t actual, std::uint64_t expected) { return actual == 0 || actual == expected; };
  const bool rows_fit =
      !rows_ || (rows_->offset.size() == entry_.samples && rows_->length.size() == entry_.samples &&
                 rows_->cut_offset.size() == entry_.samples && rows_->cut_length.size() == entry_.samples);
  if (labels_.size() != entry_.samples || extents != entry_.extents || extents_.file.size() != extents ||
      extents_.first_record.size() != extents || extents_.timestamp.size() != extents ||
      !fits(extents_.kind.size(), extents) || !fits(extents_.base.size(), extents) ||
      !fits(extents_.last.size(), extents) || !rows_fit || files_.size.size() != entry_.files ||
      names_.size() != entry_.files || (file_folder_ && file_folder_->size() != entry_.files) ||
      updates_.size.size() != updated_files_.size() || (extents == 0) != (entry_.samples == 0)) {
    core::throw_corrupt(file_->path(), "the lengths of its columns contradict each other or the manifest");
  }
}

const RowColumns& Segment::rows() const {
  if (!rows_) core::throw_corrupt(file_->path(), "an extent of rows has no columns of their places");
  return *rows_;
}

std::string_view Segment::folder(std::uint32_t row) const {
  if (!folders_) return {};
  const auto number = static_cast<std::uint64_t>((*file_folder_)[row]);
  if (number >= folders_->size()) core::throw_corrupt(file_->path(), "a file lies in a folder that is not there");
  return (*folders_)[number];
}

std::string Segment::path(std::uint32_t row) const {
  const std::string_view in = folder(row);
  const std::string_view called = name(row);
  if (in.empty()) return std::string(called);
  std::string path;
  path.reserve(in.size() + 1 + called.size());
  return path.append(in).append("/").append(called);
}

const Extents& Segment::extents() const {
  if (!extents_verified_.load(std::memory_order_acquire)) {
    static_cast<void>(file_->read<Key>("extent_first_key"));
    static_cast<void>(file_->read<std::uint32_t>("extent_file"));
    static_cast<void>(file_->read<std::uint64_t>("extent_first_record"));
    static_cast<void>(file_->read<Timestamp>("extent_timestamp"));
    if (!extents_.kind.empty()) static_cast<void>(file_->read<std::uint8_t>("extent_kind"));
    if (!extents_.base.empty()) static_cast<void>(file_->read<std::uint64_t>("extent_base"));
    if (!extents_.last.empty()) static_cast<void>(file_->read<Timestamp>("extent_last"));
    check_extents();
    extents_verified_.store(true, std::memory_order_release);
  }
  return extents_;
}

// What binary search relies on, and no reader of a single extent could check.
void Segment::check_extents() const {
  const auto& keys = extents_.first_key;
  const bool ascend = std::ranges::adjacent_find(keys, std::ranges::greater_equal()) == keys.end();
  if (!keys.empty() && (keys.front() != entry_.first_key || keys.back() >= entry_.end_key() || !ascend)) {
    core::throw_corrupt(file_->path(), "the keys of its extents contradict each other or the manifest");
  }
  const auto unknown = [](ExtentKind kind) { return kind > ExtentKind::kFiles; };
  if (std::ranges::any_of(extents_.kind, unknown)) {
    core::throw_corrupt(file_->path(), "an extent is of a kind that this program does not know");
  }
  for (std::size_t at = 0; at < keys.size(); ++at) check_extent(at);
}

// Whole files are files of the segment itself, which has the lengths of all of them.
void Segment::check_extent(std::size_t at) const {
  const std::uint64_t file = extents_.file[at];
  const std::uint64_t own_end = std::uint64_t{entry_.first_file} + entry_.files;
  const ExtentKind kind = extents_.kind_of(at);
  const bool known =
      kind == ExtentKind::kFiles ? file >= entry_.first_file && extent_size(at) <= own_end - file : file < own_end;
  if (!known || file >= own_end) {
    core::throw_corrupt(file_->path(),
                        "extent " + core::grouped(std::uint64_t{at}) + " lies in a file that is not there");
  }
  if (kind == ExtentKind::kRows) static_cast<void>(rows());
  if (extents_.last_of(at) < extents_.timestamp[at] ||
      (!later_.present() && extents_.last_of(at) != extents_.timestamp[at])) {
    core::throw_corrupt(file_->path(),
                        "the timestamps of extent " + core::grouped(std::uint64_t{at}) + " contradict each other");
  }
}

std::uint64_t Segment::extent_size(std::size_t at) const {
  const auto& keys = extents_.first_key;
  const Key end = at + 1 < keys.size() ? keys[at + 1] : entry_.end_key();
  return static_cast<std::uint64_t>(end - keys[at]);
}

void Segment::verify() const {
  file_->verify();
  if (deletions_) deletions_->verify();
  const Extents& all = extents();
  for (std::size_t i = 0; i < all.first_key.size(); ++i) {
    if (all.timestamp[i] < entry_.first_timestamp || all.last_of(i) > entry_.last_timestamp) {
      core::throw_corrupt(file_->path(), "extent " + core::grouped(std::uint64_t{i}) + " contradicts the manifest");
    }
  }
  for (std::uint32_t row = 0; row < entry_.files; ++row) static_cast<void>(path(row));
  for (const std::uint32_t file : updated_files()) {
    if (file >= entry_.first_file) core::throw_corrupt(file_->path(), "it updates a file that no earlier segment has");
  }
}

}  // namespace modyn::index

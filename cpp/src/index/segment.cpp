#include "index/segment.hpp"

#include <algorithm>
#include <functional>

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
    : size(file.column<std::uint64_t>(prefix + "_size")),
      mtime_ns(file.column<std::int64_t>(prefix + "_mtime_ns")),
      inode(file.column<std::uint64_t>(prefix + "_inode")),
      ingested_bytes(file.column<std::uint64_t>(prefix + "_ingested_bytes")),
      fingerprint(file.column<std::uint64_t>(prefix + "_fingerprint")) {
  const std::uint64_t rows = size.size();
  if (mtime_ns.size() != rows || inode.size() != rows || ingested_bytes.size() != rows || fingerprint.size() != rows) {
    core::throw_corrupt(file.path(), "its columns about files differ in length");
  }
}

SourceFile FileColumns::at(std::uint64_t row, std::string_view path) const {
  return {std::string(path), size[row], mtime_ns[row], inode[row], ingested_bytes[row], fingerprint[row]};
}

Segment::Segment(const std::filesystem::path& dataset, const SegmentEntry& entry)
    : entry_(entry),
      file_(open_checked(dataset, entry)),
      labels_(*file_),
      paths_(*file_, "file_path"),
      files_(*file_, "file"),
      updated_files_(file_->column<std::uint32_t>("update_file")),
      updates_(*file_, "update") {
  extents_ = {unverified<Key>(*file_, "extent_first_key"), unverified<std::uint32_t>(*file_, "extent_file"),
              unverified<std::uint64_t>(*file_, "extent_first_record"),
              unverified<Timestamp>(*file_, "extent_timestamp")};
  check_sizes();
}

void Segment::check_sizes() const {
  const std::uint64_t extents = extents_.first_key.size();
  if (labels_.size() != entry_.samples || extents != entry_.extents || extents_.file.size() != extents ||
      extents_.first_record.size() != extents || extents_.timestamp.size() != extents ||
      files_.size.size() != entry_.files || paths_.size() != entry_.files ||
      updates_.size.size() != updated_files_.size() || (extents == 0) != (entry_.samples == 0)) {
    core::throw_corrupt(file_->path(), "the lengths of its columns contradict each other or the manifest");
  }
}

const Extents& Segment::extents() const {
  if (!extents_verified_.load(std::memory_order_acquire)) {
    static_cast<void>(file_->read<Key>("extent_first_key"));
    static_cast<void>(file_->read<std::uint32_t>("extent_file"));
    static_cast<void>(file_->read<std::uint64_t>("extent_first_record"));
    static_cast<void>(file_->read<Timestamp>("extent_timestamp"));
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
}

std::uint64_t Segment::extent_size(std::size_t at) const {
  const auto& keys = extents_.first_key;
  const Key end = at + 1 < keys.size() ? keys[at + 1] : entry_.end_key();
  return static_cast<std::uint64_t>(end - keys[at]);
}

void Segment::verify() const {
  file_->verify();
  const Extents& all = extents();
  const std::uint64_t known_files = std::uint64_t{entry_.first_file} + entry_.files;
  for (std::size_t i = 0; i < all.first_key.size(); ++i) {
    if (all.file[i] >= known_files || all.timestamp[i] < entry_.first_timestamp ||
        all.timestamp[i] > entry_.last_timestamp) {
      core::throw_corrupt(file_->path(), "extent " + core::grouped(std::uint64_t{i}) + " contradicts the manifest");
    }
  }
  for (std::uint32_t row = 0; row < entry_.files; ++row) static_cast<void>(path(row));
  for (const std::uint32_t file : updated_files()) {
    if (file >= entry_.first_file) core::throw_corrupt(file_->path(), "it updates a file that no earlier segment has");
  }
}

}  // namespace modyn::index

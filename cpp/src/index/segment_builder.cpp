#include "index/segment_builder.hpp"

#include <algorithm>
#include <limits>

#include "index/dataset_folder.hpp"

namespace modyn::index {

void SegmentBuilder::FileRows::add(const SourceFile& file) {
  size.push_back(file.size);
  mtime_ns.push_back(file.mtime_ns);
  inode.push_back(file.inode);
  ingested_bytes.push_back(file.ingested_bytes);
  fingerprint.push_back(file.fingerprint);
}

void SegmentBuilder::FileRows::add_to(ColumnFileWriter& writer, const std::string& prefix) const {
  writer.add<std::uint64_t>(prefix + "_size", size);
  writer.add<std::int64_t>(prefix + "_mtime_ns", mtime_ns);
  writer.add<std::uint64_t>(prefix + "_inode", inode);
  writer.add<std::uint64_t>(prefix + "_ingested_bytes", ingested_bytes);
  writer.add<std::uint64_t>(prefix + "_fingerprint", fingerprint);
}

SegmentBuilder::SegmentBuilder(Key first_key, std::uint32_t first_file)
    : first_key_(first_key), first_file_(first_file) {}

std::uint32_t SegmentBuilder::add_file(const SourceFile& file) {
  const std::uint32_t number = first_file_ + files();
  if (number == std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::kInvalidArgument, "a dataset holds at most 4,294,967,295 files");
  }
  paths_.add(file.path);
  files_.add(file);
  return number;
}

void SegmentBuilder::update_file(std::uint32_t number, const SourceFile& file) {
  updated_files_.push_back(number);
  updates_.add(file);
}

void SegmentBuilder::add_extent(std::uint32_t file, std::uint64_t first_record, Timestamp timestamp,
                                std::vector<PackedLabels> pieces) {
  std::uint64_t count = 0;
  for (PackedLabels& piece : pieces) {
    count += piece.size();
    labels_.push_back(std::move(piece));
  }
  if (count == 0) return;
  extent_first_key_.push_back(first_key_ + static_cast<Key>(samples_));
  extent_file_.push_back(file);
  extent_first_record_.push_back(first_record);
  extent_timestamp_.push_back(timestamp);
  samples_ += count;
}

ColumnType SegmentBuilder::label_type() const {
  std::int64_t smallest = 0;
  std::int64_t largest = 0;
  for (const PackedLabels& piece : labels_) {
    if (piece.size() == 0) continue;
    smallest = std::min(smallest, piece.smallest());
    largest = std::max(largest, piece.largest());
  }
  return narrowest_type(smallest, largest);
}

std::vector<std::byte> SegmentBuilder::labels_as(ColumnType type) const {
  const std::size_t width = width_of(type);
  std::vector<std::byte> bytes(samples_ * width);
  std::size_t at = 0;
  for (const PackedLabels& piece : labels_) {
    piece.widen(type, std::span(bytes).subspan(at, piece.size() * width));
    at += piece.size() * width;
  }
  return bytes;
}

SegmentEntry SegmentBuilder::publish(const std::filesystem::path& dataset, std::uint64_t sequence,
                                     std::uint64_t epoch) const {
  const ColumnType type = label_type();
  const std::vector<std::byte> labels = labels_as(type);
  ColumnFileWriter writer(FileKind::kSegment);
  paths_.add_to(writer, "file_path");
  files_.add_to(writer, "file");
  writer.add<std::uint32_t>("update_file", updated_files_);
  updates_.add_to(writer, "update");
  writer.add<Key>("extent_first_key", extent_first_key_);
  writer.add<std::uint32_t>("extent_file", extent_file_);
  writer.add<std::uint64_t>("extent_first_record", extent_first_record_);
  writer.add<Timestamp>("extent_timestamp", extent_timestamp_);
  writer.add("label", type, labels);

  SegmentEntry entry;
  entry.name = new_segment_name(sequence, epoch);
  const auto path = segment_folder(dataset) / entry.name;
  writer.publish(path);
  const auto written = ColumnFile::open(path, FileKind::kSegment);
  entry.digest = written->digest();
  entry.bytes = written->bytes();
  entry.sequence = sequence;
  entry.first_key = first_key_;
  entry.samples = samples_;
  entry.first_file = first_file_;
  entry.files = files();
  entry.extents = extent_first_key_.size();
  if (samples_ > 0) {
    const auto [first, last] = std::ranges::minmax(extent_timestamp_);
    entry.first_timestamp = first;
    entry.last_timestamp = last;
  }
  return entry;
}

}  // namespace modyn::index

#include "index/segment_builder.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <string_view>
#include <utility>

#include "index/dataset_folder.hpp"

namespace modyn::index {
namespace {

// The value by its bits: columns of numbers are read back in the same way.
std::int64_t bits(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

}  // namespace

// The columns of a file in the making, and those of them that were packed for it.
struct SegmentBuilder::Columns {
  ColumnFileWriter writer{FileKind::kSegment};
  std::deque<PackedColumn> packed{};  // which the writer reads when it publishes

  void add(const std::string& name, const std::vector<std::int64_t>& values) {
    packed.emplace_back().add(PackedIntegers(values));
    packed.back().add_to(writer, name);
  }
  void add_unless_zero(const std::string& name, const std::vector<std::int64_t>& values) {
    if (std::ranges::any_of(values, [](std::int64_t value) { return value != 0; })) add(name, values);
  }
};

void SegmentBuilder::FileRows::add(const SourceFile& file) {
  size.push_back(bits(file.size));
  mtime_ns.push_back(file.mtime_ns);
  inode.push_back(bits(file.inode));
  ingested_bytes.push_back(bits(file.ingested_bytes));
  fingerprint.push_back(bits(file.fingerprint));
  companion.push_back(bits(file.companion));
  owned.push_back(file.owned ? 1 : 0);
}

SegmentBuilder::SegmentBuilder(Key first_key, std::uint32_t first_file)
    : first_key_(first_key), first_file_(first_file) {}

std::uint32_t SegmentBuilder::add_file(const SourceFile& file) {
  const std::uint32_t number = first_file_ + files();
  if (number == std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::kInvalidArgument, "a dataset holds at most 4,294,967,295 files");
  }
  const std::size_t slash = file.path.rfind('/');
  const bool in_folder = slash != std::string::npos;
  const auto [folder, is_new] =
      folder_numbers_.try_emplace(in_folder ? file.path.substr(0, slash) : "", folder_numbers_.size());
  if (is_new) folders_.add(folder->first);
  file_folder_.push_back(folder->second);
  names_.add(std::string_view(file.path).substr(in_folder ? slash + 1 : 0));
  files_.add(file);
  return number;
}

void SegmentBuilder::update_file(std::uint32_t number, const SourceFile& file) {
  updated_files_.push_back(number);
  updates_.add(file);
}

void SegmentBuilder::add_extent(NewExtent extent) {
  std::uint64_t count = 0;
  for (PackedIntegers& piece : extent.labels) {
    count += piece.size();
    labels_.add(std::move(piece));
  }
  if (count == 0) return;
  extent_first_key_.push_back(first_key_ + static_cast<Key>(samples_));
  extent_file_.push_back(extent.file);
  extent_first_record_.push_back(extent.first_record);
  extent_timestamp_.push_back(extent.timestamp);
  extent_kind_.push_back(static_cast<std::uint8_t>(extent.kind));
  extent_base_.push_back(extent.base);

  std::int64_t latest = 0;
  for (PackedIntegers& piece : extent.later) {
    if (later_.size() < samples_) later_.add(PackedIntegers::zeros(samples_ - later_.size()));
    latest = std::max(latest, piece.largest());
    later_.add(std::move(piece));
  }
  extent_last_.push_back(extent.timestamp + latest);
  add_rows(std::move(extent.rows), samples_);
  samples_ += count;
}

// Rows of the samples that come after the first `samples` ones.
void SegmentBuilder::add_rows(std::vector<PackedRows> rows, std::uint64_t samples) {
  for (PackedRows& piece : rows) {
    for (const auto& [column, part] :
         {std::pair{&row_offset_, &piece.offset}, std::pair{&row_length_, &piece.length},
          std::pair{&row_cut_offset_, &piece.cut_offset}, std::pair{&row_cut_length_, &piece.cut_length}}) {
      if (column->size() < samples) column->add(PackedIntegers::zeros(samples - column->size()));
      column->add(std::move(*part));
    }
    samples = row_offset_.size();
  }
}

void SegmentBuilder::add_paths(Columns& columns) const {
  folders_.add_to(columns.writer, "folder");
  columns.add("file_folder", file_folder_);
  names_.add_to(columns.writer, "file_path");
}

void SegmentBuilder::add_files(Columns& columns, const FileRows& rows, const std::string& prefix) const {
  columns.add(prefix + "_size", rows.size);
  columns.add(prefix + "_mtime_ns", rows.mtime_ns);
  columns.add(prefix + "_inode", rows.inode);
  columns.add(prefix + "_ingested_bytes", rows.ingested_bytes);
  columns.add(prefix + "_fingerprint", rows.fingerprint);
  columns.add_unless_zero(prefix + "_companion", rows.companion);
  columns.add_unless_zero(prefix + "_owned", rows.owned);
}

void SegmentBuilder::add_extents(Columns& columns) const {
  ColumnFileWriter& writer = columns.writer;
  writer.add<Key>("extent_first_key", extent_first_key_);
  writer.add<std::uint32_t>("extent_file", extent_file_);
  writer.add<std::uint64_t>("extent_first_record", extent_first_record_);
  writer.add<Timestamp>("extent_timestamp", extent_timestamp_);
  const auto any = [](const auto& values) {
    return std::ranges::any_of(values, [](auto value) { return value != 0; });
  };
  // Who takes all extents for records with one timestamp would misread these.
  if (any(extent_kind_) || extent_last_ != extent_timestamp_) writer.require_version(2);
  if (any(extent_kind_)) writer.add<std::uint8_t>("extent_kind", extent_kind_);
  if (any(extent_base_)) writer.add<std::uint64_t>("extent_base", extent_base_);
  if (extent_last_ != extent_timestamp_) writer.add<Timestamp>("extent_last", extent_last_);
}

void SegmentBuilder::add_samples(Columns& columns) const {
  labels_.add_to(columns.writer, "label");
  if (extent_last_ != extent_timestamp_) later_.add_to(columns.writer, "later", samples_);
  if (row_offset_.size() == 0) return;
  row_offset_.add_to(columns.writer, "row_offset", samples_);
  row_length_.add_to(columns.writer, "row_length", samples_);
  row_cut_offset_.add_to(columns.writer, "row_cut_offset", samples_);
  row_cut_length_.add_to(columns.writer, "row_cut_length", samples_);
}

SegmentEntry SegmentBuilder::publish(const std::filesystem::path& dataset, std::uint64_t sequence,
                                     std::uint64_t epoch) const {
  Columns columns;
  add_paths(columns);
  add_files(columns, files_, "file");
  columns.writer.add<std::uint32_t>("update_file", updated_files_);
  add_files(columns, updates_, "update");
  add_extents(columns);
  add_samples(columns);

  SegmentEntry entry;
  entry.name = new_segment_name(sequence, epoch);
  const auto path = segment_folder(dataset) / entry.name;
  columns.writer.publish(path);
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
    entry.first_timestamp = std::ranges::min(extent_timestamp_);
    entry.last_timestamp = std::ranges::max(extent_last_);
  }
  return entry;
}

}  // namespace modyn::index

#include "index/manifest.hpp"

#include <algorithm>
#include <limits>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"
#include "core/string_column.hpp"
#include "index/dataset_folder.hpp"

namespace modyn::index {
namespace {

template <typename T>
T read_one(const ColumnFile& file, std::string_view name) {
  const auto values = file.read<T>(name);
  if (values.size() != 1) core::throw_corrupt(file.path(), "column " + core::quoted(name) + " is not one number");
  return values[0];
}

template <typename T>
void read_into(const ColumnFile& file, std::string_view name, std::vector<SegmentEntry>& segments,
               T SegmentEntry::* member) {
  const auto values = file.read<T>(name);
  if (values.size() != segments.size()) {
    core::throw_corrupt(file.path(), "column " + core::quoted(name) + " has not one value for each segment");
  }
  for (std::size_t i = 0; i < values.size(); ++i) segments[i].*member = values[i];
}

// Members of a nested entry, for the same code to serve both.
template <typename T>
void read_into(const ColumnFile& file, std::string_view name, std::vector<SegmentEntry>& segments,
               T DeletionEntry::* member) {
  const auto values = file.read<T>(name);
  if (values.size() != segments.size()) {
    core::throw_corrupt(file.path(), "column " + core::quoted(name) + " has not one value for each segment");
  }
  for (std::size_t i = 0; i < values.size(); ++i) segments[i].deletions.*member = values[i];
}

void read_deletions(const ColumnFile& file, std::vector<SegmentEntry>& segments) {
  if (!file.has("deleted_name")) return;
  const core::StringColumn names(file, "deleted_name");
  if (names.size() != segments.size()) core::throw_corrupt(file.path(), "its deletions are not one for each segment");
  for (std::size_t i = 0; i < segments.size(); ++i) segments[i].deletions.name = names[i];
  read_into(file, "deleted_digest", segments, &DeletionEntry::digest);
  read_into(file, "deleted_bytes", segments, &DeletionEntry::bytes);
  read_into(file, "deleted_samples", segments, &DeletionEntry::samples);
  read_into(file, "deleted_first_time", segments, &DeletionEntry::first_timestamp);
  read_into(file, "deleted_last_time", segments, &DeletionEntry::last_timestamp);
  for (const SegmentEntry& segment : segments) {
    const DeletionEntry& deletions = segment.deletions;
    const bool fits = deletions.name.empty() ? deletions.samples == 0
                                             : is_deletion_name(deletions.name) && deletions.samples > 0 &&
                                                   deletions.samples <= segment.samples;
    if (!fits) {
      core::throw_corrupt(file.path(), "what was deleted of segment " + core::quoted(segment.name) +
                                           " contradicts its number of samples");
    }
  }
}

std::vector<SegmentEntry> read_segments(const ColumnFile& file) {
  const core::StringColumn names(file, "segment_name");
  std::vector<SegmentEntry> segments(names.size());
  for (std::size_t i = 0; i < segments.size(); ++i) segments[i].name = names[i];
  read_into(file, "segment_digest", segments, &SegmentEntry::digest);
  read_into(file, "segment_bytes", segments, &SegmentEntry::bytes);
  read_into(file, "segment_sequence", segments, &SegmentEntry::sequence);
  read_into(file, "segment_first_key", segments, &SegmentEntry::first_key);
  read_into(file, "segment_samples", segments, &SegmentEntry::samples);
  read_into(file, "segment_first_file", segments, &SegmentEntry::first_file);
  read_into(file, "segment_files", segments, &SegmentEntry::files);
  read_into(file, "segment_extents", segments, &SegmentEntry::extents);
  read_into(file, "segment_first_time", segments, &SegmentEntry::first_timestamp);
  read_into(file, "segment_last_time", segments, &SegmentEntry::last_timestamp);
  read_deletions(file, segments);
  return segments;
}

// Keys and files ascend without overlap and end before the manifest's next ones.
void check_segments(const Manifest& manifest, const std::filesystem::path& path) {
  Key key = 0;
  std::uint64_t file = 0;
  for (const SegmentEntry& segment : manifest.segments) {
    const auto room = static_cast<std::uint64_t>(std::numeric_limits<Key>::max() - std::max(segment.first_key, Key{0}));
    if (!is_segment_name(segment.name) || segment.first_key < key || segment.samples > room ||
        segment.first_file != file || segment.sequence > manifest.sequence) {
      core::throw_corrupt(path, "its entry of segment " + core::quoted(segment.name) + " contradicts the others");
    }
    key = segment.end_key();
    file += segment.files;
  }
  if (manifest.next_key < key || manifest.next_file != file) {
    core::throw_corrupt(path, "its next key or file contradicts its segments");
  }
}

template <typename T>
std::vector<T> gather(const std::vector<SegmentEntry>& segments, T SegmentEntry::* member) {
  std::vector<T> values(segments.size());
  std::ranges::transform(segments, values.begin(), [member](const SegmentEntry& entry) { return entry.*member; });
  return values;
}

template <typename T>
std::vector<T> gather(const std::vector<SegmentEntry>& segments, T DeletionEntry::* member) {
  std::vector<T> values(segments.size());
  std::ranges::transform(segments, values.begin(),
                         [member](const SegmentEntry& entry) { return entry.deletions.*member; });
  return values;
}

}  // namespace

Manifest read_manifest(const std::filesystem::path& dataset, std::uint64_t number) {
  const auto path = manifest_file(dataset, number);
  const auto file = ColumnFile::open(path, FileKind::kManifest);
  Manifest manifest;
  manifest.number = read_one<std::uint64_t>(*file, "number");
  if (manifest.number != number) {
    core::throw_corrupt(path, "it holds manifest " + core::grouped(manifest.number));
  }
  manifest.sequence = read_one<std::uint64_t>(*file, "sequence");
  manifest.epoch = read_one<std::uint64_t>(*file, "epoch");
  manifest.next_key = read_one<Key>(*file, "next_key");
  manifest.next_file = read_one<std::uint32_t>(*file, "next_file");
  const auto dataset_id = std::as_bytes(file->read<std::uint8_t>("dataset"));
  if (dataset_id.size() != manifest.dataset.size()) core::throw_corrupt(path, "its dataset's identity is not 16 bytes");
  std::ranges::copy(dataset_id, manifest.dataset.begin());
  const auto format = file->read<std::uint8_t>("format");
  manifest.format.assign(format.begin(), format.end());
  manifest.segments = read_segments(*file);
  check_segments(manifest, path);
  return manifest;
}

void publish_manifest(const std::filesystem::path& dataset, const Manifest& manifest) {
  const auto& segments = manifest.segments;
  core::StringColumnBuilder names;
  for (const SegmentEntry& segment : segments) names.add(segment.name);
  const auto digests = gather(segments, &SegmentEntry::digest);
  const auto bytes = gather(segments, &SegmentEntry::bytes);
  const auto sequences = gather(segments, &SegmentEntry::sequence);
  const auto first_keys = gather(segments, &SegmentEntry::first_key);
  const auto samples = gather(segments, &SegmentEntry::samples);
  const auto first_files = gather(segments, &SegmentEntry::first_file);
  const auto files = gather(segments, &SegmentEntry::files);
  const auto extents = gather(segments, &SegmentEntry::extents);
  const auto first_times = gather(segments, &SegmentEntry::first_timestamp);
  const auto last_times = gather(segments, &SegmentEntry::last_timestamp);

  ColumnFileWriter writer(FileKind::kManifest);
  writer.add<std::uint64_t>("number", std::span(&manifest.number, 1));
  writer.add<std::uint64_t>("sequence", std::span(&manifest.sequence, 1));
  writer.add<std::uint64_t>("epoch", std::span(&manifest.epoch, 1));
  writer.add("dataset", ColumnType::kUint8, manifest.dataset);
  writer.add<Key>("next_key", std::span(&manifest.next_key, 1));
  writer.add<std::uint32_t>("next_file", std::span(&manifest.next_file, 1));
  writer.add("format", ColumnType::kUint8, std::as_bytes(std::span(manifest.format)));
  names.add_to(writer, "segment_name");
  writer.add<std::uint32_t>("segment_digest", digests);
  writer.add<std::uint64_t>("segment_bytes", bytes);
  writer.add<std::uint64_t>("segment_sequence", sequences);
  writer.add<Key>("segment_first_key", first_keys);
  writer.add<std::uint64_t>("segment_samples", samples);
  writer.add<std::uint32_t>("segment_first_file", first_files);
  writer.add<std::uint32_t>("segment_files", files);
  writer.add<std::uint64_t>("segment_extents", extents);
  writer.add<Timestamp>("segment_first_time", first_times);
  writer.add<Timestamp>("segment_last_time", last_times);

  core::StringColumnBuilder deletion_names;
  for (const SegmentEntry& segment : segments) deletion_names.add(segment.deletions.name);
  const auto deletion_digests = gather(segments, &DeletionEntry::digest);
  const auto deletion_bytes = gather(segments, &DeletionEntry::bytes);
  const auto deleted_samples = gather(segments, &DeletionEntry::samples);
  const auto first_live_times = gather(segments, &DeletionEntry::first_timestamp);
  const auto last_live_times = gather(segments, &DeletionEntry::last_timestamp);
  if (std::ranges::any_of(deleted_samples, [](std::uint64_t count) { return count > 0; })) {
    writer.require_version(2);  // whoever ignores them would give out deleted samples
    deletion_names.add_to(writer, "deleted_name");
    writer.add<std::uint32_t>("deleted_digest", deletion_digests);
    writer.add<std::uint64_t>("deleted_bytes", deletion_bytes);
    writer.add<std::uint64_t>("deleted_samples", deleted_samples);
    writer.add<Timestamp>("deleted_first_time", first_live_times);
    writer.add<Timestamp>("deleted_last_time", last_live_times);
  }
  writer.publish(manifest_file(dataset, manifest.number));
}

}  // namespace modyn::index

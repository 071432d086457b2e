// Any bytes as a segment, under a manifest that says what the segment's own columns say; then all that a reader
// may ask an index for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
#include "index/manifest.hpp"
#include "index/packed_integers.hpp"
#include "modyn/error.hpp"
#include "modyn/index.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"

namespace {

using namespace modyn;

constexpr std::size_t kMostKeys = 5000;

// The entry that a writer would have made for the file.
index::SegmentEntry entry_of(const ColumnFile& file, const std::string& name) {
  index::SegmentEntry entry;
  entry.name = name;
  entry.digest = file.digest();
  entry.bytes = file.bytes();
  entry.sequence = 1;
  entry.samples = file.size("label");
  entry.files = static_cast<std::uint32_t>(file.size("file_path_end"));
  entry.extents = file.size("extent_first_key");
  const auto keys = file.read<Key>("extent_first_key");
  const auto times = file.read<Timestamp>("extent_timestamp");
  const auto lasts = file.has("extent_last") ? file.read<Timestamp>("extent_last") : times;
  if (!keys.empty()) entry.first_key = std::max<Key>(keys.front(), 0);
  if (!times.empty()) entry.first_timestamp = std::ranges::min(times);
  if (!lasts.empty()) entry.last_timestamp = std::ranges::max(lasts);
  return entry;
}

void ask(const Index& index) {
  const auto& entry = index.summary();
  const std::size_t count = std::min<std::uint64_t>(entry.samples, kMostKeys);
  std::vector<Key> keys(count);
  std::iota(keys.begin(), keys.end(), entry.next_key - static_cast<Key>(entry.samples));
  std::vector<Location> locations(count);
  std::vector<Place> places(count);
  std::vector<std::int64_t> numbers(count);
  index.locate(keys, locations);
  index.labels(keys, numbers);
  index.timestamps(keys, numbers);
  for (const Location& location : locations) static_cast<void>(index.source_file(location.file));
  index.places(keys, places);
}

void read(const std::filesystem::path& dataset, const std::string& name) {
  const auto file = ColumnFile::open(index::segment_folder(dataset) / name, FileKind::kSegment);
  index::Manifest manifest;
  manifest.number = 1;
  manifest.sequence = 1;
  manifest.format = index::format_text({.record_size = 8, .label_size = 2});
  manifest.segments.push_back(entry_of(*file, name));
  const index::SegmentEntry& entry = manifest.segments.front();
  if (entry.samples > std::uint64_t{1} << 40U || entry.first_key > Key{1} << 40) return;
  manifest.next_key = entry.end_key();
  manifest.next_file = entry.files;
  const auto path = index::manifest_file(dataset, 1);
  std::filesystem::remove(path);
  index::publish_manifest(dataset, manifest);
  const auto index = Index::open(dataset);
  try {
    index->verify();
  } catch (const Error&) {
    // Readers do not verify everything first, so they must survive it too.
  }
  ask(*index);
  static_cast<void>(View::build(index, ViewOrder::kTime));
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return modyn::fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string name = index::new_segment_name(1, 1);
  static const auto dataset = [] {
    const auto& folder = fuzz::scratch_folder();
    core::create_folders(index::manifest_folder(folder));
    core::create_folders(index::segment_folder(folder));
    return folder;
  }();
  fuzz::write_file(index::segment_folder(dataset) / name, std::as_bytes(std::span(data, size)));
  try {
    read(dataset, name);
  } catch (const Error&) {
  }
  return 0;
}

#include "index/model_dataset.hpp"

#include <algorithm>
#include <string>

#include "core/file.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
#include "index/segment_merger.hpp"
#include "modyn/maintenance.hpp"

namespace modyn::testing {
namespace {

constexpr std::uint32_t kRecordSize = 16;
constexpr std::uint32_t kLabelSize = 4;
constexpr std::uint32_t kSampleSize = kRecordSize - kLabelSize;

SourceFile random_file(std::mt19937_64& generator, std::string path, std::uint64_t records) {
  const std::uint64_t bytes = records * kRecordSize;
  return {std::move(path), bytes, static_cast<std::int64_t>(generator()), generator(), bytes, generator()};
}

}  // namespace

ModelDataset::ModelDataset() {
  core::create_folders(index::manifest_folder(folder()));
  core::create_folders(index::segment_folder(folder()));
  manifest_.dataset = core::random_id();
  manifest_.epoch = 1;
  manifest_.format = index::format_text({kRecordSize, kLabelSize, 0, ByteOrder::kLittle, true});
}

void ModelDataset::commit(std::mt19937_64& generator, std::uint32_t new_files, std::uint64_t most) {
  index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
  for (std::uint32_t i = 0; i < manifest_.next_file; ++i) {
    if (generator() % 4 != 0) continue;
    if (files[i].path.ends_with(".png")) {
      // Touched: a file that is one sample never grows.
      files[i].mtime_ns = static_cast<std::int64_t>(generator());
      files[i].inode = generator();
      segment.update_file(i, files[i]);
      continue;
    }
    const std::uint64_t first = files[i].ingested_bytes / kRecordSize;
    const std::uint64_t count = generator() % (most + 1);
    files[i] = random_file(generator, files[i].path, first + count);
    segment.update_file(i, files[i]);
    add_records(generator, segment, i, first, count);
  }
  for (std::uint32_t i = 0; i < new_files; ++i) {
    const std::uint64_t count = generator() % (most + 1);
    files.push_back(random_file(generator, "folder/file-" + std::to_string(files.size()), count));
    const std::uint32_t number = segment.add_file(files.back());
    add_records(generator, segment, number, 0, count);
  }
  add_whole_files(generator, segment, new_files);
  ++manifest_.number;
  ++manifest_.sequence;
  manifest_.segments.push_back(segment.publish(folder(), manifest_.sequence, manifest_.epoch));
  manifest_.next_key += static_cast<Key>(segment.samples());
  manifest_.next_file += segment.files();
  index::publish_manifest(folder(), manifest_);
}

void ModelDataset::remove(std::mt19937_64& generator, std::uint64_t one_of) {
  std::vector<KeyRange> ranges;
  const std::uint64_t keys = labels.size();
  for (std::uint64_t key = 0; key < keys; ++key) {
    if (generator() % (8 * one_of) == 0) {
      const std::uint64_t end = std::min(keys, key + 1 + generator() % 15);
      ranges.push_back({static_cast<Key>(key), static_cast<Key>(end)});
    }
  }
  std::ranges::shuffle(ranges, generator);
  for (const KeyRange& range : ranges) {
    for (Key key = range.first; key < range.end; ++key) deleted[static_cast<std::size_t>(key)] = true;
  }
  delete_samples(folder(), ranges);
  reload();
}

void ModelDataset::merge(std::mt19937_64& generator) {
  auto& segments = manifest_.segments;
  if (segments.size() < 2) return;
  const std::size_t first = generator() % (segments.size() - 1);
  const std::size_t count = 2 + generator() % (segments.size() - first - 1);
  index::SegmentMerger merger(folder(), std::span(segments).subspan(first, count));
  ++manifest_.number;
  const index::SegmentEntry merged = merger.publish(manifest_.number, manifest_.epoch);
  const auto place = segments.begin() + static_cast<std::ptrdiff_t>(first);
  segments.erase(place + 1, place + static_cast<std::ptrdiff_t>(count));
  *place = merged;
  index::publish_manifest(folder(), manifest_);
}

void ModelDataset::reload() { manifest_ = index::read_manifest(folder(), index::newest_manifest(folder())); }

std::vector<Key> ModelDataset::live_keys() const {
  std::vector<Key> keys;
  for (std::size_t key = 0; key < deleted.size(); ++key) {
    if (!deleted[key]) keys.push_back(static_cast<Key>(key));
  }
  return keys;
}

void ModelDataset::add_records(std::mt19937_64& generator, index::SegmentBuilder& segment, std::uint32_t file,
                               std::uint64_t first, std::uint64_t count) {
  index::NewExtent extent;
  extent.kind = static_cast<ExtentKind>(generator() % 3);
  extent.file = file;
  extent.first_record = first;
  if (extent.kind != ExtentKind::kRecords) extent.base = generator() % 1000;
  for (std::uint64_t i = 0; i < count; ++i) {
    locations.push_back({file, first + i});
    if (extent.kind == ExtentKind::kRecords) {
      places.push_back({(first + i) * kRecordSize, file, kRecordSize, 0, kLabelSize});
    } else if (extent.kind == ExtentKind::kSamples) {
      places.push_back({extent.base + i * kSampleSize, file, kSampleSize, 0, 0});
    }
  }
  if (extent.kind == ExtentKind::kRows) add_row_places(generator, extent, count);
  add_extent(generator, segment, std::move(extent), count);
}

void ModelDataset::add_row_places(std::mt19937_64& generator, index::NewExtent& extent, std::uint64_t count) {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> lengths;
  std::vector<std::int64_t> cut_offsets;
  std::vector<std::int64_t> cut_lengths;
  std::uint64_t offset = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::uint32_t>(generator() % 400);
    const auto cut_offset = static_cast<std::uint32_t>(generator() % (length + 1));
    const auto cut_length = static_cast<std::uint32_t>(generator() % (length - cut_offset + 1));
    places.push_back({extent.base + offset, extent.file, length, cut_offset, cut_length});
    offsets.push_back(static_cast<std::int64_t>(offset));
    lengths.push_back(length);
    cut_offsets.push_back(cut_offset);
    cut_lengths.push_back(cut_length);
    offset += length + 1;
  }
  const auto packed = [](const std::vector<std::int64_t>& values) { return index::PackedIntegers(values); };
  extent.rows.push_back({packed(offsets), packed(lengths), packed(cut_offsets), packed(cut_lengths)});
}

void ModelDataset::add_whole_files(std::mt19937_64& generator, index::SegmentBuilder& segment, std::uint64_t count) {
  index::NewExtent extent;
  extent.kind = ExtentKind::kFiles;
  for (std::uint64_t i = 0; i < count; ++i) {
    files.push_back(random_file(generator, "images/" + std::to_string(files.size()) + ".png", generator() % 50));
    files.back().companion = generator();
    const std::uint32_t number = segment.add_file(files.back());
    if (i == 0) extent.file = number;
    locations.push_back({number, 0});
    places.push_back({0, number, static_cast<std::uint32_t>(files.back().ingested_bytes), 0, 0});
  }
  add_extent(generator, segment, std::move(extent), count);
}

void ModelDataset::add_extent(std::mt19937_64& generator, index::SegmentBuilder& segment, index::NewExtent extent,
                              std::uint64_t count) {
  // Few timestamps, so that many are equal; labels of widths that differ between files.
  extent.timestamp = static_cast<Timestamp>(generator() % 20) - 5;
  const auto bits = 1 + generator() % 62;
  const bool own_timestamps = generator() % 3 == 0;
  std::vector<std::int64_t> values(count);
  std::vector<std::int64_t> later(count);
  const std::uint64_t earliest = count > 0 ? generator() % count : 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    values[i] = static_cast<std::int64_t>(generator() >> (64 - bits)) - (generator() % 2 == 0 ? 3 : 0);
    if (own_timestamps && i != earliest) later[i] = static_cast<std::int64_t>(generator() % 300);
    labels.push_back(values[i]);
    timestamps.push_back(extent.timestamp + later[i]);
    deleted.push_back(false);
    sequences.push_back(manifest_.sequence + 1);
  }
  extent.labels.emplace_back(std::span(values).first(count / 3));
  extent.labels.emplace_back(std::span(values).subspan(count / 3));
  if (own_timestamps) extent.later.emplace_back(later);
  segment.add_extent(std::move(extent));
}

}  // namespace modyn::testing

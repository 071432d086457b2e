#include "index/model_dataset.hpp"

#include <string>

#include "core/file.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"

namespace modyn::testing {
namespace {

constexpr std::uint64_t kRecordSize = 16;

SourceFile random_file(std::mt19937_64& generator, std::string path, std::uint64_t records) {
  const std::uint64_t bytes = records * kRecordSize;
  return {std::move(path), bytes, static_cast<std::int64_t>(generator()), generator(), bytes, generator()};
}

}  // namespace

ModelDataset::ModelDataset() {
  core::create_folders(index::manifest_folder(folder()));
  core::create_folders(index::segment_folder(folder()));
  manifest_.dataset = core::random_id();
  manifest_.format = {kRecordSize, 4, 0, ByteOrder::kLittle, true};
}

void ModelDataset::commit(std::mt19937_64& generator, std::uint32_t new_files, std::uint64_t most) {
  index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
  for (std::uint32_t i = 0; i < manifest_.next_file; ++i) {
    if (generator() % 4 != 0) continue;
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
  ++manifest_.number;
  ++manifest_.sequence;
  manifest_.segments.push_back(segment.publish(folder(), manifest_.sequence, 1));
  manifest_.next_key += static_cast<Key>(segment.samples());
  manifest_.next_file += segment.files();
  index::publish_manifest(folder(), manifest_);
}

void ModelDataset::add_records(std::mt19937_64& generator, index::SegmentBuilder& segment, std::uint32_t file,
                               std::uint64_t first, std::uint64_t count) {
  // Few timestamps, so that many are equal; labels of widths that differ between files.
  const auto timestamp = static_cast<Timestamp>(generator() % 20) - 5;
  const auto bits = 1 + generator() % 62;
  std::vector<std::int64_t> values(count);
  for (std::int64_t& value : values) {
    value = static_cast<std::int64_t>(generator() >> (64 - bits)) - (generator() % 2 == 0 ? 3 : 0);
  }
  std::vector<index::PackedLabels> pieces;
  pieces.emplace_back(std::span(values).first(count / 3));
  pieces.emplace_back(std::span(values).subspan(count / 3));
  segment.add_extent(file, first, timestamp, std::move(pieces));
  for (std::uint64_t i = 0; i < count; ++i) {
    locations.push_back({file, first + i});
    labels.push_back(values[i]);
    timestamps.push_back(timestamp);
  }
}

}  // namespace modyn::testing

#include "record_dataset.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/file.hpp"
#include "core/fingerprint.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
#include "index/manifest.hpp"
#include "index/segment_builder.hpp"
#include "modyn/ingest.hpp"

namespace modyn::benchmarks {

RecordDataset::RecordDataset(std::uint64_t files, std::uint64_t records_per_file, std::uint64_t record_size,
                             std::uint64_t extents_per_file)
    : folder_(std::filesystem::temp_directory_path() / ("modyn-benchmark-" + std::to_string(std::random_device{}()))) {
  std::filesystem::create_directories(root());
  std::mt19937_64 generator(1);
  std::vector<std::uint64_t> words(records_per_file * record_size / 8 + 1);
  for (std::uint64_t number = 0; number < files; ++number) {
    std::ranges::generate(words, generator);
    std::ofstream out(file(number), std::ios::binary);
    out.write(reinterpret_cast<const char*>(words.data()),
              static_cast<std::streamsize>(records_per_file * record_size));
    if (!out.flush()) throw std::runtime_error("cannot write " + file(number).string());
  }
  const FixedRecordFormat format{.record_size = record_size, .label_size = 4};
  if (extents_per_file == 1) {
    scan_once(format);
  } else {
    commit_extents(format, files, records_per_file, extents_per_file);
  }
  index_ = Index::open(folder_ / "dataset");
}

void RecordDataset::scan_once(const FixedRecordFormat& format) const {
  IngestOptions options;
  options.root = root();
  options.file_extension = ".bin";
  options.format = format;
  scan(folder_ / "dataset", options);
}

// What so many scans of growing files would leave when their segments are merged.
void RecordDataset::commit_extents(const FixedRecordFormat& format, std::uint64_t files, std::uint64_t records_per_file,
                                   std::uint64_t extents_per_file) const {
  const auto dataset = folder_ / "dataset";
  core::create_folders(index::manifest_folder(dataset));
  core::create_folders(index::segment_folder(dataset));
  index::SegmentBuilder segment(0, 0);
  for (std::uint64_t number = 0; number < files; ++number) {
    const core::Descriptor opened = core::open_for_reading(file(number));
    const core::FileStatus status = core::file_status(opened, file(number));
    SourceFile source{};
    source.path = file(number).filename();
    source.size = source.ingested_bytes = status.size;
    source.mtime_ns = status.mtime_ns;
    source.inode = status.inode;
    source.fingerprint = core::fingerprint(opened, status.size, file(number)).value();
    segment.add_file(source);
  }
  std::mt19937_64 generator(3);
  const std::uint64_t records = records_per_file / extents_per_file;
  std::vector<std::int64_t> labels(records);
  for (std::uint64_t round = 0; round < extents_per_file; ++round) {
    for (std::uint32_t number = 0; number < files; ++number) {
      index::NewExtent extent;
      extent.file = number;
      extent.first_record = round * records;
      extent.timestamp = static_cast<Timestamp>(round);
      std::ranges::generate(labels, [&] { return static_cast<std::int64_t>(generator() % 1000); });
      extent.labels.emplace_back(labels);
      segment.add_extent(std::move(extent));
    }
  }
  index::Manifest manifest;
  manifest.number = manifest.sequence = 1;
  manifest.dataset = core::random_id();
  manifest.format = index::format_text(format);
  manifest.segments.push_back(segment.publish(dataset, 1, 1));
  manifest.next_key = static_cast<Key>(segment.samples());
  manifest.next_file = segment.files();
  index::publish_manifest(dataset, manifest);
}

RecordDataset::~RecordDataset() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path RecordDataset::file(std::uint64_t number) const {
  return root() / ("records-" + std::to_string(number) + ".bin");
}

std::vector<Key> RecordDataset::random_keys(std::size_t count, std::uint64_t seed) const {
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<Key> any(0, index_->summary().next_key - 1);
  std::vector<Key> keys(count);
  std::ranges::generate(keys, [&] { return any(generator); });
  return keys;
}

}  // namespace modyn::benchmarks

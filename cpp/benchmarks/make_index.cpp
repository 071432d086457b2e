// Writes the index of a dataset whose source files nobody needs, so that an index of any size can be measured.
//
//   modyn_make_index FOLDER records FILES RECORDS    fixed records of 16 bytes, one extent and one timestamp a file
//   modyn_make_index FOLDER files COUNT              one sample a file
//   modyn_make_index FOLDER times SAMPLES            one file whose samples have random timestamps
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
#include "index/manifest.hpp"
#include "index/segment_builder.hpp"

namespace {

using namespace modyn;

constexpr std::uint64_t kRecordBytes = 20;  // 16 of them the sample's
constexpr std::uint32_t kFilesPerSegment = 4'000'000;
constexpr Timestamp kYear2020 = 1'577'836'800;

class Dataset {
 public:
  explicit Dataset(const std::filesystem::path& folder) : folder_(folder) {
    core::create_folders(index::manifest_folder(folder));
    core::create_folders(index::segment_folder(folder));
    manifest_.number = manifest_.sequence = manifest_.epoch = 1;
    manifest_.dataset = core::random_id();
    manifest_.format = index::format_text({kRecordBytes, 4, 0, ByteOrder::kLittle, false});
  }

  [[nodiscard]] index::SegmentBuilder segment() const { return {manifest_.next_key, manifest_.next_file}; }
  void add(const index::SegmentBuilder& segment) {
    manifest_.segments.push_back(segment.publish(folder_, 1, 1));
    manifest_.next_key += static_cast<Key>(segment.samples());
    manifest_.next_file += segment.files();
  }
  void publish() const { index::publish_manifest(folder_, manifest_); }

 private:
  std::filesystem::path folder_;
  index::Manifest manifest_;
};

SourceFile source_file(std::string path, std::uint64_t bytes) { return {std::move(path), bytes, 0, 0, bytes, 0}; }

// Labels of 0 to 99, which take a byte each.
index::PackedIntegers labels(std::mt19937_64& generator, std::uint64_t count) {
  std::vector<std::int64_t> values(count);
  for (std::int64_t& value : values) value = static_cast<std::int64_t>(generator() % 100);
  return index::PackedIntegers(values);
}

void make_records(Dataset& dataset, std::uint64_t files, std::uint64_t records) {
  std::mt19937_64 generator(1);
  index::SegmentBuilder segment = dataset.segment();
  for (std::uint64_t file = 0; file < files; ++file) {
    index::NewExtent extent;
    extent.file = segment.add_file(source_file("part-" + std::to_string(file) + ".bin", records * kRecordBytes));
    extent.timestamp = kYear2020 + static_cast<Timestamp>(generator() % 100'000'000);
    extent.labels.push_back(labels(generator, records));
    segment.add_extent(std::move(extent));
  }
  dataset.add(segment);
}

void make_files(Dataset& dataset, std::uint64_t count) {
  std::mt19937_64 generator(1);
  for (std::uint64_t done = 0; done < count;) {
    index::SegmentBuilder segment = dataset.segment();
    const std::uint64_t here = std::min<std::uint64_t>(kFilesPerSegment, count - done);
    index::NewExtent extent;
    extent.kind = ExtentKind::kFiles;
    for (std::uint64_t i = 0; i < here; ++i) {
      const auto number = segment.add_file(
          source_file("images-" + std::to_string((done + i) / 10'000) + "/" + std::to_string(done + i) + ".png",
                      10'000 + generator() % 20'000));
      if (i == 0) extent.file = number;
    }
    extent.timestamp = kYear2020;
    extent.labels.push_back(labels(generator, here));
    segment.add_extent(std::move(extent));
    dataset.add(segment);
    done += here;
  }
}

void make_times(Dataset& dataset, std::uint64_t samples) {
  std::mt19937_64 generator(1);
  index::SegmentBuilder segment = dataset.segment();
  index::NewExtent extent;
  extent.file = segment.add_file(source_file("events.bin", samples * kRecordBytes));
  extent.timestamp = kYear2020;
  extent.labels.push_back(labels(generator, samples));
  std::vector<std::int64_t> later(samples);
  for (std::int64_t& seconds : later) seconds = static_cast<std::int64_t>(generator() % 100'000'000);
  extent.later.emplace_back(later);
  segment.add_extent(std::move(extent));
  dataset.add(segment);
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  const std::string kind = arguments.size() < 3 ? "" : arguments[1];
  if ((kind == "records") != (arguments.size() == 4) || (kind != "records" && kind != "files" && kind != "times")) {
    std::cerr << "usage: modyn_make_index FOLDER (records FILES RECORDS | files COUNT | times SAMPLES)\n";
    return EXIT_FAILURE;
  }
  Dataset dataset(arguments[0]);
  const std::uint64_t number = std::stoull(arguments[2]);
  if (kind == "records") make_records(dataset, number, std::stoull(arguments[3]));
  if (kind == "files") make_files(dataset, number);
  if (kind == "times") make_times(dataset, number);
  dataset.publish();
  return EXIT_SUCCESS;
}

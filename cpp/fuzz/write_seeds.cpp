// Writes the seeds that are files of ours, as today's writers make them: write_seeds cpp/fuzz/corpus
//
// Seeds of earlier versions stay in the corpus beside them: they must be readable too.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "index/dataset_folder.hpp"
#include "index/segment_builder.hpp"
#include "ingest/quarantine_file.hpp"
#include "modyn/index.hpp"
#include "modyn/partition.hpp"
#include "support/scratch_folder.hpp"
#include "support/small_dataset.hpp"

namespace {

using namespace modyn;

index::PackedIntegers packed(std::vector<std::int64_t> values) { return index::PackedIntegers(values); }

// An extent of each kind, and timestamps of their own for some samples.
void add_extents(index::SegmentBuilder& segment) {
  const auto records = segment.add_file({"a.bin", 40, 1, 2, 40, 3});
  segment.add_extent({.file = records, .timestamp = 100, .labels = {packed({1, 2, 300, 4, -5})}});

  index::NewExtent rows;
  rows.kind = ExtentKind::kRows;
  rows.file = segment.add_file({"folder/b.csv", 60, 1, 2, 60, 3});
  rows.timestamp = 50;
  rows.labels = {packed({0, 1, 0})};
  rows.later = {packed({0, 70, 3})};
  rows.rows.push_back({packed({0, 20, 40}), packed({19, 19, 18}), packed({17, 17, 16}), packed({2, 2, 2})});
  segment.add_extent(std::move(rows));

  index::NewExtent files;
  files.kind = ExtentKind::kFiles;
  files.file = segment.add_file({"images/1.png", 20'000, 1, 2, 20'000, 0, 77});
  segment.add_file({"images/2.png", 30'000, 1, 2, 30'000, 0, 78});
  files.timestamp = 60;
  files.labels = {packed({7, 8})};
  files.later = {packed({0, 1})};
  segment.add_extent(std::move(files));

  index::NewExtent pushed;
  pushed.kind = ExtentKind::kSamples;
  pushed.file = segment.add_file({"pushed/00000001.log", 4096, 0, 0, 4096, 0, 0, true});
  pushed.base = 128;
  pushed.timestamp = 200;
  pushed.labels = {packed({1, 0, 1, 0})};
  segment.add_extent(std::move(pushed));
}

void copy_to(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to.parent_path());
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

void write_segments(const std::filesystem::path& corpus) {
  const auto dataset = fuzz::scratch_folder() / "segments";
  std::filesystem::create_directories(index::segment_folder(dataset));
  index::SegmentBuilder segment(0, 0);
  add_extents(segment);
  const auto entry = segment.publish(dataset, 1, 1);
  copy_to(index::segment_folder(dataset) / entry.name, corpus / "segment" / "all-kinds");
}

void write_training_sets(const std::filesystem::path& corpus) {
  const auto view = fuzz::small_view();
  const auto folder = fuzz::scratch_folder();
  const std::vector<Range> ranges{{0, 100}, {500, 20}, {3, 7}};
  TrainingSet::write_ranges(folder / "ranges", *view, ranges, {});
  std::vector<Key> keys(200);
  std::iota(keys.begin(), keys.end(), 400);
  const std::vector<float> weights(keys.size(), 0.5F);
  TrainingSet::write_keys(folder / "keys", *view, keys, weights);
  for (const char* name : {"ranges", "keys"}) {
    copy_to(folder / name, corpus / "training_set" / name);
    copy_to(folder / name, corpus / "column_file" / name);
  }
  copy_to(index::manifest_file(fuzz::small_dataset(), 1), corpus / "manifest" / "small");
}

void write_quarantine_list(const std::filesystem::path& corpus) {
  const auto dataset = fuzz::scratch_folder();
  ingest::QuarantineRecord record;
  record.options_digest = 5;
  record.problems.push_back({{"bad\n.bin", "file 'bad' has 7 bytes", 7, 8, Retry::kWhenChanged}});
  record.conflicts.push_back({{"gone.bin", "file 'gone.bin' vanished", 9, 10}});
  ingest::write_quarantine(dataset, record);
  copy_to(index::quarantine_file(dataset), corpus / "quarantine" / "two");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const std::filesystem::path corpus = argv[1];
  write_segments(corpus);
  write_training_sets(corpus);
  write_quarantine_list(corpus);
}

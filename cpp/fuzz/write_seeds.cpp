// Writes the seeds that are files of ours, as today's writers make them: write_seeds cpp/fuzz/corpus
//
// Seeds of earlier versions stay in the corpus beside them: they must be readable too.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/deletions.hpp"
#include "index/order.hpp"
#include "index/segment_builder.hpp"
#include "ingest/quarantine_file.hpp"
#include "modyn/index.hpp"
#include "modyn/ledger.hpp"
#include "modyn/partition.hpp"
#include "modyn/push.hpp"
#include "partition/ledger_layout.hpp"
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

// As a bitmap and as ranges, whichever is smaller.
void write_deletions(const std::filesystem::path& corpus) {
  const auto dataset = fuzz::scratch_folder() / "deletions";
  core::create_folders(index::deletion_folder(dataset));
  index::DeletionBitmap scattered(1000);
  for (std::uint64_t row = 0; row < 1000; row += 3) scattered.add(row, row + 1);
  index::DeletionBitmap together(1000);
  together.add(10, 250);
  together.add(999, 1000);
  const auto bitmap = scattered.publish(dataset, 1, 1);
  const auto ranges = together.publish(dataset, 2, 1);
  copy_to(index::deletion_folder(dataset) / bitmap.name, corpus / "deletions" / "bitmap");
  copy_to(index::deletion_folder(dataset) / ranges.name, corpus / "deletions" / "ranges");
}

// The samples of the small dataset in two runs, as if the second half were older.
void write_view(const std::filesystem::path& corpus) {
  const auto path = fuzz::scratch_folder() / "seed.view";
  index::Order::write(*fuzz::small_view()->index(), path, fuzz::kSmallDatasetSamples,
                      [](const std::function<void(const index::Run&)>& take) {
                        take({.first_position = 0, .first_key = 500, .timestamp = 1'000'000, .flat = 1});
                        take({.first_position = 500, .first_key = 0, .timestamp = 1'000'000, .flat = 1});
                      });
  copy_to(path, corpus / "view" / "two-runs");
}

// The frames alone: the fuzzer makes header and mark.
void write_ledger(const std::filesystem::path& corpus) {
  const auto path = fuzz::scratch_folder() / "seed.ledger";
  {
    LedgerWriter writer(path);
    const std::vector<Key> keys{5, 9, 7};
    const std::vector<Timestamp> timestamps{100, 100, 250};
    const std::vector<std::int64_t> labels{0, 1, -70'000};
    writer.inform(0, 1, keys, timestamps, labels);
    writer.inform_ranges(0, 2, *fuzz::small_view(), std::vector<Range>{{0, 10}, {500, 3}});
    writer.end_trigger(0);
    std::vector<std::int64_t> many(300);
    std::iota(many.begin(), many.end(), 1000);
    writer.inform(1, 1, many, many, many);
    writer.sync();
  }
  const core::MappedFile file(path);
  std::filesystem::create_directories(corpus / "ledger");
  fuzz::write_file(corpus / "ledger" / "frames", file.bytes().subspan(partition::kFirstFrame));
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

// The frames of a log: what follows its header.
void write_pushed_logs(const std::filesystem::path& corpus) {
  for (const std::uint64_t sample_size : {std::uint64_t{0}, std::uint64_t{5}}) {
    const auto dataset = fuzz::scratch_folder() / ("pushed-" + std::to_string(sample_size));
    {
      Appender appender(dataset, {.sample_size = sample_size});
      for (std::int64_t i = 1; i <= 3; ++i) {
        const auto samples = static_cast<std::size_t>(i);
        const std::vector<std::byte> data(samples * 5, std::byte{9});
        const std::vector<std::uint64_t> lengths(sample_size == 0 ? samples : 0, 5);
        const std::vector<std::int64_t> labels(samples, i);
        appender.append({data, lengths, labels, labels}, std::to_string(i));
      }
    }
    const PushedLog log = pushed_logs(dataset).front();
    std::vector<std::byte> frames(log.end - log.begin);
    static_cast<void>(core::read_at(core::open_for_reading(dataset / log.path), log.begin, frames, dataset));
    if (sample_size == 0) frames.push_back({});  // the target's sign for samples of any length
    std::filesystem::create_directories(corpus / "pushed_log");
    std::ofstream(corpus / "pushed_log" / (sample_size == 0 ? "any-length" : "five-bytes"), std::ios::binary)
        .write(reinterpret_cast<const char*>(frames.data()), static_cast<std::streamsize>(frames.size()));
  }
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
  write_ledger(corpus);
  write_deletions(corpus);
  write_view(corpus);
  write_pushed_logs(corpus);
}

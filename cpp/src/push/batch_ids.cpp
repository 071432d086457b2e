#include "push/batch_ids.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <system_error>

#include "core/message.hpp"
#include "core/publish.hpp"
#include "modyn/error.hpp"
#include "push/log_reader.hpp"
#include "push/pushed_folder.hpp"

namespace modyn::push {
namespace {

constexpr std::uint64_t kMergeRatio = 4;
// Merging holds its result in memory, 24 bytes each, and everybody up.
constexpr std::uint64_t kLargestMerge = std::uint64_t{16} << 20U;

[[noreturn]] void throw_hint(const Error& error, const std::filesystem::path& dataset) {
  if (error.kind() != ErrorKind::kCorrupt) throw error;
  const auto logs = log_numbers(dataset);
  const bool has_all_logs = !logs.empty() && logs.front() == 1;
  throw Error(error.kind(), error.what() + std::string(has_all_logs ? "; remove it, it is made anew from the logs"
                                                                    : "; restore it from a backup: its logs were "
                                                                      "collected"));
}

std::vector<RunRange> ranges_in(const std::filesystem::path& folder) {
  std::vector<RunRange> ranges;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto range = parse_run_name(entry->path().filename().native())) ranges.push_back(*range);
  }
  if (error) core::throw_system_error("list folder", folder, error.value());
  // Of those that begin together the longest comes first: it was merged from the others.
  std::ranges::sort(ranges, [](const RunRange& a, const RunRange& b) {
    return a.first != b.first ? a.first < b.first : a.end > b.end;
  });
  return ranges;
}

}  // namespace

BatchIds::BatchIds(const std::filesystem::path& dataset) : dataset_(dataset) {
  core::create_folders(batch_folder(dataset));
  open_runs();
}

void BatchIds::open_runs() {
  runs_.clear();
  recent_.clear();
  end_ = {};
  for (const RunRange& range : ranges_in(batch_folder(dataset_))) {
    if (range.first != end_.batches) continue;
    try {
      runs_.push_back(std::make_shared<const BatchRun>(batch_folder(dataset_) / run_name(range)));
    } catch (const Error& error) {
      throw_hint(error, dataset_);
    }
    end_ = runs_.back()->end();
  }
}

void BatchIds::catch_up(const LogSet& logs) {
  if (end_.batches > logs.end().batches) {
    throw Error(ErrorKind::kCorrupt, "dataset " + core::quoted(dataset_) + " knows " + core::grouped(end_.batches) +
                                         " pushed batches, but its logs hold " + core::grouped(logs.end().batches));
  }
  if (end_.batches == logs.end().batches) return;
  const auto numbers = log_numbers(dataset_);
  // Logs that we have not read yet were collected meanwhile: the runs have what was in them.
  if (!numbers.empty() && numbers.front() > end_.log) open_runs();
  for (auto number = std::ranges::lower_bound(numbers, end_.log); number != numbers.end(); ++number) {
    const auto next = std::next(number);
    const bool is_newest = *number == logs.end().log || next == numbers.end();
    read_log(*number, is_newest ? logs.end().offset : end_before(*next));
    if (is_newest) break;
  }
  if (end_.batches != logs.end().batches) {
    throw_damaged(log_file(dataset_, logs.end().log), logs.end().offset,
                  core::grouped(logs.end().batches) + " batches were committed up to there, " +
                      core::grouped(end_.batches) + " were found");
  }
}

std::uint64_t BatchIds::end_before(std::uint64_t number) const {
  const auto path = log_file(dataset_, number);
  return load_log_header(core::open_for_reading(path), path, number).previous_end;
}

void BatchIds::read_log(std::uint64_t number, std::uint64_t end) {
  const auto path = log_file(dataset_, number);
  const core::Descriptor file = core::open_for_reading(path);
  const LogHeader header = load_log_header(file, path, number);
  LogReader reader(file, path, header, number == end_.log ? end_.offset : 0);
  while (reader.offset() < end) {
    const auto frame = reader.next_batches();
    if (!frame) throw_damaged(path, reader.offset(), "no valid frame is there");
    if (frame->first_batch != end_.batches) {
      throw_damaged(path, frame->offset,
                    "batch " + core::grouped(frame->first_batch) + " is there instead of batch " +
                        core::grouped(end_.batches) + "; a log may be missing");
    }
    for (const BatchEntry& batch : frame->batches) {
      recent_.emplace(BatchId{batch.id_high, batch.id_low}, batch.digest);
      end_.samples += batch.samples;
    }
    end_.batches += frame->batches.size();
  }
  end_.log = number;
  end_.offset = reader.offset();
}

void BatchIds::add(std::span<const KnownBatch> batches, const LogEnd& end) {
  for (const KnownBatch& batch : batches) recent_.emplace(batch.id, batch.digest);
  end_ = end;
}

std::optional<std::uint64_t> BatchIds::find(const BatchId& id) const {
  if (const auto recent = recent_.find(id); recent != recent_.end()) return recent->second;
  try {
    for (const auto& run : runs_) {
      if (const auto digest = run->find(id)) return digest;
    }
  } catch (const Error& error) {
    throw_hint(error, dataset_);
  }
  return std::nullopt;
}

void BatchIds::write(const LogSet& logs) {
  // Another process may have written them already.
  open_runs();
  catch_up(logs);
  if (recent_.empty()) return;
  core::remove_temporaries(batch_folder(dataset_));
  std::vector<KnownBatch> sorted;
  sorted.reserve(recent_.size());
  for (const auto& [id, digest] : recent_) sorted.push_back({id, digest});
  std::ranges::sort(sorted, {}, &KnownBatch::id);

  std::size_t kept = runs_.size();
  std::uint64_t merged = sorted.size();
  while (kept > 0) {
    const std::uint64_t before = runs_[kept - 1]->range().size();
    if (before > kMergeRatio * merged || before + merged > kLargestMerge) break;
    merged += before;
    --kept;
  }
  write_run(batch_folder(dataset_), std::span(runs_).subspan(kept), sorted, end_);
  open_runs();
  remove_others();
}

void BatchIds::remove_others() const {
  for (const RunRange& range : ranges_in(batch_folder(dataset_))) {
    const bool is_used = std::ranges::any_of(runs_, [&](const auto& run) { return run->range() == range; });
    if (!is_used) std::filesystem::remove(batch_folder(dataset_) / run_name(range));
  }
}

}  // namespace modyn::push

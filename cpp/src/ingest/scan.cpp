#include "ingest/scan.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/folder_lock.hpp"
#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/dataset_writer.hpp"
#include "index/format_text.hpp"
#include "index/index_state.hpp"
#include "ingest/commit.hpp"
#include "ingest/known_files.hpp"
#include "ingest/parse.hpp"
#include "ingest/plan.hpp"
#include "ingest/pushed.hpp"
#include "ingest/quarantine_file.hpp"
#include "ingest/source_folder.hpp"
#include "ingest/timestamp_pattern.hpp"
#include "ingest/walk.hpp"
#include "modyn/format.hpp"

namespace modyn {

FormatText::FormatText(const FixedRecordFormat& format) : text(index::format_text(format)) {}

namespace ingest {
namespace {

void check_timestamp_source(const IngestOptions& options, const FileFormat& format) {
  const bool by_record = options.timestamp_source == TimestampSource::kRecord;
  if (options.timestamp_source == TimestampSource::kFileName) {
    TimestampPattern{options.timestamp_pattern};
  } else if (!options.timestamp_pattern.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "timestamp pattern " + core::quoted(options.timestamp_pattern) +
                                                 " has no effect: timestamps come from " +
                                                 (by_record ? "the records" : "modification times"));
  }
  if (by_record && !format.has_timestamps()) {
    throw Error(ErrorKind::kInvalidArgument,
                "timestamps are to come from the records, but the format does not say where they are in a record");
  }
  if (!by_record && format.has_timestamps()) {
    throw Error(ErrorKind::kInvalidArgument,
                "the format takes timestamps from the records; they cannot come from somewhere else, too");
  }
}

void check_options(const std::filesystem::path& dataset, const IngestOptions& options, const FileFormat& format) {
  if (options.file_extension.size() < 2 || options.file_extension.front() != '.' ||
      options.file_extension.find('/') != std::string::npos) {
    throw Error(ErrorKind::kInvalidArgument, "file_extension is " + core::quoted(options.file_extension) +
                                                 ", must be a dot and an ending, as '.bin'");
  }
  if (format.companion_extension() == options.file_extension) {
    throw Error(ErrorKind::kInvalidArgument, "file_extension and the ending of label files are both " +
                                                 core::quoted(options.file_extension) + ", must differ");
  }
  check_timestamp_source(options, format);
  if (!(options.quiet_s >= 0)) throw Error(ErrorKind::kInvalidArgument, "quiet_s must not be negative");
  std::error_code error;
  if (std::filesystem::equivalent(dataset, options.root, error)) {
    throw Error(ErrorKind::kInvalidArgument,
                "the index of dataset " + core::quoted(dataset) + " cannot lie in its root itself; use another folder");
  }
}

void check_same_format(const std::filesystem::path& dataset, const Index& index, const FileFormat& format) {
  if (index.summary().manifest == 0) return;
  const std::string& before = index.format();
  const std::string now = format.text();
  if (before == now) return;
  const auto on_one_line = [](std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
  };
  throw Error(ErrorKind::kInvalidArgument, "dataset " + core::quoted(dataset) + " was ingested with the format " +
                                               on_one_line(before) + "and cannot go on with " + on_one_line(now) +
                                               "; register the files as a new dataset");
}

QuarantineRecord last_record(const std::filesystem::path& dataset) {
  try {
    return read_quarantine(dataset);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    return {};  // it only spares work, and this scan writes it anew
  }
}

// The candidates that fill the next segment: at least one.
std::span<Candidate> next_segment(std::span<Candidate> candidates, const FileFormat& format, std::uint64_t samples) {
  const bool of_files = format.layout() == SampleLayout::kFiles;
  std::uint64_t filled = 0;
  std::size_t count = 0;
  for (; count < candidates.size() && (count == 0 || filled < samples); ++count) {
    const std::uint64_t bytes = candidates[count].status.size - candidates[count].first_byte;
    filled += of_files ? 1 : bytes / format.bytes_per_sample();
  }
  return candidates.first(count);
}

std::vector<QuarantinedFile> files_of(const std::vector<Problem>& problems) {
  std::vector<QuarantinedFile> files;
  files.reserve(problems.size());
  for (const Problem& problem : problems) files.push_back(problem.file);
  return files;
}

// Its tail cannot be taken alone: all of the file replaces what was taken of it.
void take_as_new(Candidate& candidate) {
  candidate.replaces = std::exchange(candidate.known, std::nullopt);
  candidate.first_byte = 0;
  candidate.first_record = 0;
}

// Parses and commits; files that turn out bad join the plan's problems.
void take(Commit& commit, Plan& plan, const SourceFolder& source, const IngestOptions& options,
          const FileFormat& format, const ScanLimits& limits, Progress& progress) {
  const Progress::Callback none;
  Progress nobody(none, 0, 0);  // a file that is read twice counts once
  commit.touch(std::move(plan.touched));
  for (std::span<Candidate> left = plan.candidates; !left.empty();) {
    const auto segment = next_segment(left, format, limits.samples_per_segment);
    left = left.subspan(segment.size());
    std::vector<Parsed> parsed = parse(segment, source, options, format, progress);
    for (std::size_t i = 0; i < parsed.size(); ++i) {
      if (parsed[i].conflict && options.on_change == OnChange::kReplace) {
        take_as_new(segment[i]);
        parsed[i] = std::move(parse(segment.subspan(i, 1), source, options, format, nobody).front());
      }
      if (parsed[i].problem) plan.problems.push_back(*parsed[i].problem);
      if (parsed[i].conflict) plan.conflicts.push_back(*parsed[i].conflict);
    }
    commit.add(segment, std::move(parsed));
  }
  sort_by_path(plan.problems);
  sort_by_path(plan.conflicts);
}

Pushed pushed_since(const std::filesystem::path& dataset, const Index& index, const FileFormat& format,
                    const ScanLimits& limits) {
  return read_pushed(dataset, index, format, std::max(limits.lock_timeout_s, limits.least_push_timeout_s));
}

void take_pushed(Commit& commit, Pushed pushed, std::vector<Problem>& problems) {
  commit.add(std::move(pushed.tails));
  std::ranges::move(pushed.problems, std::back_inserter(problems));
  sort_by_path(problems);
}

}  // namespace

ScanReport scan(const std::filesystem::path& dataset, const IngestOptions& options, const ScanLimits& limits,
                const Progress::Callback& callback) {
  const std::shared_ptr<const FileFormat> format = make_format(options.format.text);
  check_options(dataset, options, *format);
  core::create_folders(index::manifest_folder(dataset));
  core::create_folders(index::segment_folder(dataset));
  core::FolderLock lock(index::lock_file(dataset), limits.lock_timeout_s);
  auto index = Index::open(dataset);
  index::remove_leftovers(dataset, index->state().manifest, lock);
  check_same_format(dataset, *index, *format);

  const SourceFolder source(options.root);
  KnownFiles known(*index);
  Found found = walk(source, {options.file_extension, format->companion_extension(), dataset, options.threads},
                     std::bind_front(&KnownFiles::is_unchanged, &known));
  const std::uint64_t files = found.filtered + found.files.size();
  QuarantineRecord record{options_digest(options), {}, {}};
  const QuarantineRecord before = last_record(dataset);
  const bool same_options = before.options_digest == record.options_digest;
  Plan plan = make_plan(*index, known, source, options, *format, std::move(found),
                        same_options ? before.problems : std::vector<Problem>());

  Progress progress(callback, files - std::min<std::uint64_t>(files, plan.candidates.size()), files);
  Commit commit(dataset, *index, *format, lock);
  take(commit, plan, source, options, *format, limits, progress);
  take_pushed(commit, pushed_since(dataset, *index, *format, limits), plan.problems);
  if (commit.publish()) index = Index::open(dataset);

  record.problems = std::move(plan.problems);
  record.conflicts = std::move(plan.conflicts);
  if (!same_record(record, before)) write_quarantine(dataset, record);
  progress.report();
  return {.summary = index->summary(),
          .new_samples = commit.new_samples(),
          .pushed_samples = commit.pushed_samples(),
          .new_files = commit.new_files(),
          .grown_files = commit.grown_files(),
          .replaced_files = commit.replaced_files(),
          .known_files = plan.unchanged,
          .quarantined = files_of(record.problems),
          .conflicts = files_of(record.conflicts)};
}

IndexSummary seal(const std::filesystem::path& dataset, const FileFormat& format, const ScanLimits& limits) {
  core::create_folders(index::manifest_folder(dataset));
  core::create_folders(index::segment_folder(dataset));
  core::FolderLock lock(index::lock_file(dataset), limits.lock_timeout_s);
  const auto index = Index::open(dataset);
  index::remove_leftovers(dataset, index->state().manifest, lock);
  check_same_format(dataset, *index, format);
  Commit commit(dataset, *index, format, lock);
  Pushed pushed = pushed_since(dataset, *index, format, limits);
  // Nobody else would hear of them before the next scan.
  if (!pushed.problems.empty()) {
    throw Error(pushed.is_locked ? ErrorKind::kConflict : ErrorKind::kCorrupt, pushed.problems.front().file.reason);
  }
  std::vector<Problem> none;
  take_pushed(commit, std::move(pushed), none);
  return commit.publish() ? Index::open(dataset)->summary() : index->summary();
}

}  // namespace ingest

ScanReport scan(const std::filesystem::path& dataset, const IngestOptions& options, double lock_timeout_s,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  ingest::ScanLimits limits;
  limits.lock_timeout_s = lock_timeout_s;
  return ingest::scan(dataset, options, limits, progress);
}

IndexSummary seal(const std::filesystem::path& dataset, const FormatText& format, double lock_timeout_s) {
  ingest::ScanLimits limits;
  limits.lock_timeout_s = lock_timeout_s;
  return ingest::seal(dataset, *make_format(format.text), limits);
}

QuarantineList quarantine(const std::filesystem::path& dataset) {
  const ingest::QuarantineRecord record = ingest::read_quarantine(dataset);
  return {ingest::files_of(record.problems), ingest::files_of(record.conflicts)};
}

}  // namespace modyn

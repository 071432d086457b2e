#include "ingest/quarantine_file.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include "core/column_file_layout.hpp"
#include "core/fingerprint.hpp"
#include "core/string_column.hpp"
#include "index/dataset_folder.hpp"
#include "modyn/column_file.hpp"

namespace modyn::ingest {
namespace {

struct Columns {
  core::StringColumnBuilder path;
  core::StringColumnBuilder reason;
  std::vector<std::uint64_t> size;
  std::vector<std::int64_t> mtime_ns;
  std::vector<std::uint8_t> retry;
  std::vector<std::uint64_t> companion;
  std::vector<std::uint8_t> conflict;

  void add(const Problem& problem, bool is_conflict) {
    path.add(problem.file.path);
    reason.add(problem.file.reason);
    size.push_back(problem.file.size);
    mtime_ns.push_back(problem.file.mtime_ns);
    retry.push_back(static_cast<std::uint8_t>(problem.file.retry));
    companion.push_back(problem.companion);
    conflict.push_back(is_conflict ? 1 : 0);
  }
};

bool same_problem(const Problem& a, const Problem& b) {
  const auto tie = [](const Problem& p) {
    return std::tie(p.file.path, p.file.reason, p.file.size, p.file.mtime_ns, p.file.retry, p.companion);
  };
  return tie(a) == tie(b);
}

}  // namespace

QuarantineRecord read_quarantine(const std::filesystem::path& dataset) {
  const auto path = index::quarantine_file(dataset);
  QuarantineRecord record;
  if (!std::filesystem::exists(path)) return record;
  const auto file = ColumnFile::open(path, FileKind::kQuarantine);
  const core::StringColumn paths(*file, "path");
  const core::StringColumn reasons(*file, "reason");
  const auto sizes = file->read<std::uint64_t>("size");
  const auto mtimes = file->read<std::int64_t>("mtime_ns");
  const auto retries = file->read<std::uint8_t>("retry");
  const auto conflicts = file->read<std::uint8_t>("conflict");
  // Lists of older versions do not have it: then there were no companions.
  const auto companions =
      file->has("companion") ? file->read<std::uint64_t>("companion") : std::span<const std::uint64_t>();
  const auto digest = file->read<std::uint64_t>("options_digest");
  const std::uint64_t rows = paths.size();
  if (reasons.size() != rows || sizes.size() != rows || mtimes.size() != rows || retries.size() != rows ||
      conflicts.size() != rows || (file->has("companion") && companions.size() != rows) || digest.size() != 1) {
    core::throw_corrupt(path, "its columns differ in length");
  }
  record.options_digest = digest[0];
  for (std::size_t i = 0; i < rows; ++i) {
    const auto retry = retries[i] == 0 ? Retry::kAlways : Retry::kWhenChanged;
    Problem problem{{std::string(paths[i]), std::string(reasons[i]), sizes[i], mtimes[i], retry},
                    companions.empty() ? 0 : companions[i]};
    (conflicts[i] != 0 ? record.conflicts : record.problems).push_back(std::move(problem));
  }
  return record;
}

void write_quarantine(const std::filesystem::path& dataset, const QuarantineRecord& record) {
  Columns columns;
  for (const Problem& problem : record.problems) columns.add(problem, false);
  for (const Problem& conflict : record.conflicts) columns.add(conflict, true);
  ColumnFileWriter writer(FileKind::kQuarantine);
  writer.add<std::uint64_t>("options_digest", std::span(&record.options_digest, 1));
  columns.path.add_to(writer, "path");
  columns.reason.add_to(writer, "reason");
  writer.add<std::uint64_t>("size", columns.size);
  writer.add<std::int64_t>("mtime_ns", columns.mtime_ns);
  writer.add<std::uint8_t>("retry", columns.retry);
  writer.add<std::uint8_t>("conflict", columns.conflict);
  writer.add<std::uint64_t>("companion", columns.companion);
  writer.replace(index::quarantine_file(dataset));
}

std::uint64_t options_digest(const IngestOptions& options) {
  const std::string text = options.format.text + options.file_extension + "\n" + options.timestamp_pattern;
  return core::xxh64(std::as_bytes(std::span(text)), static_cast<std::uint64_t>(options.timestamp_source));
}

bool same_record(const QuarantineRecord& a, const QuarantineRecord& b) {
  return a.options_digest == b.options_digest && std::ranges::equal(a.problems, b.problems, same_problem) &&
         std::ranges::equal(a.conflicts, b.conflicts, same_problem);
}

}  // namespace modyn::ingest

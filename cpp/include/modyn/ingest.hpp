// Ingest: scan a folder, parse what is new, and commit it as one manifest.
//
// A file is wholly visible or not at all, and one bad file never stops another: it is quarantined
// with its reason and tried again when it changes. One writer per dataset, by a lock and an epoch.
// docs/formats.md has a table of what a scan does with each kind of file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

// The format of a dataset's files as text: that of make_format (modyn/format.hpp), which manifests record.
struct FormatText {
  FormatText() = default;
  FormatText(std::string settings) : text(std::move(settings)) {}
  FormatText(const FixedRecordFormat& format);
  std::string text;
};

// Where a sample's timestamp comes from. kRecord: from the record itself, if the format says where.
enum class TimestampSource { kModificationTime, kFileName, kRecord };

// What is done with a known file whose ingested bytes changed.
enum class OnChange {
  kReport,   // it is a conflict: reported and left alone
  kReplace,  // its samples are deleted, and the file is ingested anew
};

struct IngestOptions {
  std::filesystem::path root;  // the dataset's base path
  std::string file_extension;  // with the dot; compared with the end of the file name
  FormatText format;
  TimestampSource timestamp_source = TimestampSource::kModificationTime;
  // strptime-like pattern (%Y %m %d %H %M %S %s, %% and literal text), found anywhere in the file name; UTC.
  // Empty unless the source is kFileName.
  std::string timestamp_pattern;
  OnChange on_change = OnChange::kReport;
  // A file whose end may still be moving (a last CSV row without a line ending) waits until it was not
  // written to for so many seconds.
  double quiet_s = 1.0;
  unsigned threads = 0;  // at most so many of the process's one pool; 0: all of it
};

// When a file that was not taken is read again.
enum class Retry : std::uint8_t {
  kAlways = 0,       // in every scan: it could not be read, or is not complete yet
  kWhenChanged = 1,  // its content is wrong: reading the same bytes again would find the same
};

struct QuarantinedFile {
  std::string path;  // relative to the root, bytes
  std::string reason;
  std::uint64_t size;
  std::int64_t mtime_ns;
  Retry retry = Retry::kAlways;
};

struct ScanReport {
  IndexSummary summary;                      // after the scan
  std::uint64_t new_samples = 0;             // pushed ones included
  std::uint64_t pushed_samples = 0;          // that were sealed
  std::uint64_t new_files = 0;               // seen for the first time
  std::uint64_t grown_files = 0;             // known files with new records at the end
  std::uint64_t replaced_files = 0;          // known files whose samples were deleted and taken anew
  std::uint64_t known_files = 0;             // with the same bytes as before, the touched ones included
  std::vector<QuarantinedFile> quarantined;  // malformed, unreadable, incomplete: they wait
  std::vector<QuarantinedFile> conflicts;    // known files whose ingested bytes changed, shrank or vanished
};

// Registers everything new below options.root in the dataset folder (created if missing) as one
// commit; publishes nothing if nothing is new. (New modification times of known files are new, but
// bring no samples and do not advance the sequence.) Durable when it returns.
//
// Keys within the commit follow (timestamp, path, record), or (path, record) if records bring their
// own timestamps. Names that begin with '.' or '~' are passed over, links to folders are not followed.
// Errors: kInvalidArgument for options that cannot be, or another format than the dataset's; kIo if
// the root cannot be read; kConflict if another writer holds the dataset's lock for longer than
// `lock_timeout_s` or took over; kCorrupt if the newest manifest fails its checks.
// `progress(files_done, files_total)` is called from the calling thread now and then; what it throws
// stops the scan, and nothing is published.
ScanReport scan(const std::filesystem::path& dataset, const IngestOptions& options, double lock_timeout_s = 60.0,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

// Seals what was pushed (modyn/push.hpp), as a scan does, without looking for files: from the next
// manifest on it is samples like all others. Publishes nothing if nothing is new. Errors as of scan,
// and kCorrupt if a log is damaged or holds samples of another size than the format's.
IndexSummary seal(const std::filesystem::path& dataset, const FormatText& format, double lock_timeout_s = 60.0);

// The quarantine list and conflicts of the last scan.
struct QuarantineList {
  std::vector<QuarantinedFile> quarantined;
  std::vector<QuarantinedFile> conflicts;
};
[[nodiscard]] QuarantineList quarantine(const std::filesystem::path& dataset);

}  // namespace modyn

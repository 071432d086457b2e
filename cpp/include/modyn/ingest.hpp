// Ingest: scan a folder, parse what is new, and commit it as one manifest.
//
// A file is wholly visible or not at all, and one bad file never stops another: it is quarantined
// with its reason and tried again when it changes. One writer per dataset, by a lock and an epoch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

enum class TimestampSource { kModificationTime, kFileName };

struct IngestOptions {
  std::filesystem::path root;  // the dataset's base path
  std::string file_extension;  // with the dot; compared with the end of the file name
  FixedRecordFormat format;
  TimestampSource timestamp_source = TimestampSource::kModificationTime;
  // strptime-like pattern (%Y %m %d %H %M %S %s, %% and literal text), found anywhere in the file name; UTC.
  std::string timestamp_pattern;
  unsigned threads = 0;  // 0: as many as there are cores
};

struct QuarantinedFile {
  std::string path;  // relative to the root, bytes
  std::string reason;
  std::uint64_t size;
  std::int64_t mtime_ns;
};

struct ScanReport {
  IndexSummary summary;        // after the scan
  std::uint64_t new_samples = 0;
  std::uint64_t new_files = 0;    // seen for the first time
  std::uint64_t grown_files = 0;  // known files with new records at the end
  std::uint64_t known_files = 0;  // unchanged
  std::vector<QuarantinedFile> quarantined;  // malformed, unreadable, incomplete; retried when they change
  std::vector<QuarantinedFile> conflicts;    // known files whose ingested bytes changed, shrank or vanished
};

// Registers everything new below options.root in the dataset folder (created if missing) as one
// commit; publishes nothing if nothing is new. Durable when it returns. kConflict if another process
// holds the dataset's lock for longer than `lock_timeout_s`. `progress(files_done, files_total)` is
// called from the calling thread now and then.
ScanReport scan(const std::filesystem::path& dataset, const IngestOptions& options, double lock_timeout_s = 60.0,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

// The quarantine list and conflicts of the last scan.
struct QuarantineList {
  std::vector<QuarantinedFile> quarantined;
  std::vector<QuarantinedFile> conflicts;
};
[[nodiscard]] QuarantineList quarantine(const std::filesystem::path& dataset);

}  // namespace modyn

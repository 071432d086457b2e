// Check: whether everything that a dataset consists of is as it should be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

struct CheckOptions {
  std::filesystem::path root;               // of the source files; empty: they are not looked at
  std::optional<std::uint64_t> manifest{};  // the newest one without
  unsigned threads = 0;                     // at most so many of the process's pool; 0: all of it
  // What stands for the status of a file's sidecar now (SourceFile::companion); without it sidecars are not looked at.
  std::function<std::uint64_t(const SourceFile&)> companion{};
};

struct Finding {
  std::string path;  // of a file of the dataset's folder, or of a source file as the index has it; bytes
  std::string what;
};

struct CheckReport {
  IndexSummary summary{};          // zeros if the manifest cannot be read
  std::uint64_t source_files = 0;  // looked at
  std::uint64_t pins = 0;
  std::vector<Finding> findings{};  // none: all is well; by path
};

// Reads every byte of the manifest and of the segments, deletions and views that it has, checks their rules and every
// extent and row against the files' ingested bytes; checks pins and the manifests that they pin; and compares every
// source file with what was ingested of it: its status, and where that differs, the fingerprint of the ingested bytes.
// A problem does not end the check: all are found. Files that a later file of the same path replaced, if all of their
// samples are deleted, are left out. Writes nothing and needs no lock; samples that are committed meanwhile are not
// looked at. `progress(done, total)` is called from the calling thread; what it throws ends the check. Errors:
// kInvalidArgument if there is no such manifest, kIo if there is no such dataset.
[[nodiscard]] CheckReport check(const std::filesystem::path& dataset, const CheckOptions& options,
                                const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace modyn

// What a scan finds compared with what the index knows: the plan of what to read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "ingest/known_files.hpp"
#include "ingest/problem.hpp"
#include "ingest/source_folder.hpp"
#include "ingest/walk.hpp"
#include "modyn/format.hpp"
#include "modyn/index.hpp"
#include "modyn/ingest.hpp"

namespace modyn::ingest {

// Bytes to read: a new file (no number yet; maybe without records), or the tail of a known one.
struct Candidate {
  std::string path;
  core::FileStatus status;
  std::uint64_t companion = 0;              // stamp
  std::optional<std::uint32_t> known{};     // the file's number in the index, if its tail is read
  std::optional<std::uint32_t> replaces{};  // the number under which its samples were taken before
  std::uint64_t first_byte = 0;
  std::uint64_t first_record = 0;
  Timestamp timestamp = 0;  // unless records bring their own
};

// A known file with the same bytes under a new mtime or inode (touched, or replaced by a copy).
struct Touched {
  std::uint32_t file;
  SourceFile state;
};

struct Plan {
  std::vector<Candidate> candidates;  // by (timestamp, path), or by path: the order of their keys
  std::vector<Touched> touched;
  std::vector<Problem> problems;
  std::vector<Problem> conflicts;
  std::uint64_t unchanged = 0;  // known files, the touched ones included
};

// Decides by size, mtime, inode and companion, and reads (the sampled bytes of a fingerprint, or a
// label) only where they differ. `before` are the problems of the last scan under the same options:
// what had wrong content and has not changed since stays where it is.
[[nodiscard]] Plan make_plan(const Index& index, KnownFiles& known, const SourceFolder& source,
                             const IngestOptions& options, const FileFormat& format, Found found,
                             const std::vector<Problem>& before);

}  // namespace modyn::ingest

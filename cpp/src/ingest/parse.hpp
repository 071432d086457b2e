// Reads candidates, many files and parts of large files at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "index/segment_builder.hpp"
#include "ingest/plan.hpp"
#include "ingest/problem.hpp"
#include "ingest/progress.hpp"
#include "ingest/source_folder.hpp"
#include "modyn/format.hpp"
#include "modyn/ingest.hpp"

namespace modyn::ingest {

struct Parsed {
  std::vector<index::NewExtent> extents;  // in the order of the records, without the file's number
  std::int64_t label = 0;                 // of the one sample, if a file is one
  std::uint64_t fingerprint = 0;          // of the whole file
  std::optional<Problem> problem;         // why it is not taken, if it is not
  std::optional<Problem> conflict;        // if what was ingested of it has changed
};

// One result for each candidate. A file is taken only if its status before and after reading is the
// one that the walk saw: what changes meanwhile waits for the next scan. No failure of one file
// touches another.
[[nodiscard]] std::vector<Parsed> parse(std::span<const Candidate> candidates, const SourceFolder& source,
                                        const IngestOptions& options, const FileFormat& format, Progress& progress);

}  // namespace modyn::ingest

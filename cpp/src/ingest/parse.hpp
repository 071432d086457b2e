// Reads the labels of candidates, many files and parts of large files at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "index/packed_integers.hpp"
#include "ingest/plan.hpp"
#include "ingest/problem.hpp"
#include "ingest/progress.hpp"
#include "modyn/ingest.hpp"

namespace modyn::ingest {

struct Parsed {
  std::vector<index::PackedIntegers> pieces;  // in the order of the records
  std::uint64_t fingerprint = 0;              // of the whole file
  std::optional<Problem> problem;             // why it is not taken, if it is not
};

// One result for each candidate. A file is taken only if its status before and after reading is the
// one that the walk saw: what changes meanwhile waits for the next scan. No failure of one file
// touches another.
[[nodiscard]] std::vector<Parsed> parse(std::span<const Candidate> candidates, const IngestOptions& options,
                                        Progress& progress);

}  // namespace modyn::ingest

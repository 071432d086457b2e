// The list of what the last scan did not take, beside the manifests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "ingest/problem.hpp"

namespace modyn::ingest {

struct QuarantineRecord {
  // Of the options that judged: under other options every file is judged anew.
  std::uint64_t options_digest = 0;
  std::vector<Problem> problems;
  std::vector<Problem> conflicts;
};

// Nothing recorded is an empty record. kCorrupt if the file fails its checks.
[[nodiscard]] QuarantineRecord read_quarantine(const std::filesystem::path& dataset);
// Replaces the list, durably.
void write_quarantine(const std::filesystem::path& dataset, const QuarantineRecord& record);

[[nodiscard]] std::uint64_t options_digest(const IngestOptions& options);
[[nodiscard]] bool same_record(const QuarantineRecord& a, const QuarantineRecord& b);

}  // namespace modyn::ingest

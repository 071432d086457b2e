// A scan with its limits exposed.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ingest/progress.hpp"
#include "modyn/format.hpp"
#include "modyn/ingest.hpp"

namespace modyn::ingest {

struct ScanLimits {
  double lock_timeout_s = 60.0;
  // A segment is closed after the file that fills it: bounds the labels that are in memory at a time.
  std::uint64_t samples_per_segment = std::uint64_t{32} << 20U;
  // How long the lock of appenders is waited for at least: one of them holds it for a group of batches only.
  double least_push_timeout_s = 10.0;
};

// See modyn::seal.
IndexSummary seal(const std::filesystem::path& dataset, const FileFormat& format, const ScanLimits& limits);
[[nodiscard]] ScanReport scan(const std::filesystem::path& dataset, const IngestOptions& options,
                              const ScanLimits& limits, const Progress::Callback& progress);

}  // namespace modyn::ingest

// A folder of record files that a test lets grow, and the dataset that scans of it build.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ingest/scan.hpp"
#include "modyn/index.hpp"
#include "modyn/ingest.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::testing {

// Records of 12 bytes: a label of 4 bytes, then 8 bytes that say which label they belong to.
class GrowingFolder {
 public:
  static constexpr std::uint64_t kRecordSize = 12;

  GrowingFolder();

  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path() / "dataset"; }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return root() / name; }

  // Writes, or appends, one record for each label. Folders are created. The mtime is `mtime` if it is not 0.
  void write(const std::string& name, const std::vector<std::int32_t>& labels, std::int64_t mtime = 0) const;
  void append(const std::string& name, const std::vector<std::int32_t>& labels, std::int64_t mtime = 0) const;

  ScanReport scan() const { return scan(options); }
  ScanReport scan(const IngestOptions& with) const { return modyn::scan(dataset(), with, 30.0); }
  ScanReport scan(const ingest::ScanLimits& limits) const { return ingest::scan(dataset(), options, limits, {}); }

  [[nodiscard]] std::shared_ptr<const Index> open() const { return Index::open(dataset()); }
  // All labels by key.
  [[nodiscard]] std::vector<std::int64_t> labels() const;
  // path:record for every key.
  [[nodiscard]] std::vector<std::string> places() const;

  IngestOptions options;

 private:
  TemporaryFolder folder_;
};

// The number of the newest manifest.
[[nodiscard]] std::uint64_t manifest_of(const GrowingFolder& folder);

// Throws std::runtime_error unless every sample's record, read from the files, holds the label that the index gives.
void check_samples(const Index& index, const std::filesystem::path& root);

}  // namespace modyn::testing

// A folder of source files of any format, and the dataset that scans of it build.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "modyn/index.hpp"
#include "modyn/ingest.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::testing {

// A sample as the index and the bytes of its file give it.
struct StoredSample {
  std::int64_t label = 0;
  Timestamp timestamp = 0;
  std::string bytes{};
  friend bool operator==(const StoredSample&, const StoredSample&) = default;
};

class SourceTree {
 public:
  // Files with this ending, in the format that `settings` describe.
  SourceTree(const std::string& extension, const std::string& settings);

  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path() / "dataset"; }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return root() / name; }

  // Folders are created.
  void put(const std::string& name, const std::string& content, std::int64_t mtime = 1000) const;
  void append(const std::string& name, const std::string& content, std::int64_t mtime = 1000) const;

  ScanReport scan() const { return modyn::scan(dataset(), options, 30.0); }
  [[nodiscard]] std::shared_ptr<const Index> open() const { return Index::open(dataset()); }
  // All samples by key, their bytes read from the files at the places that the index gives.
  [[nodiscard]] std::vector<StoredSample> samples() const;
  [[nodiscard]] std::vector<std::int64_t> labels() const;

  IngestOptions options;

 private:
  TemporaryFolder folder_;
};

// The reasons of a list, which must all concern different files.
[[nodiscard]] std::vector<std::string> reasons(const std::vector<QuarantinedFile>& files);

}  // namespace modyn::testing

// Manifests: the numbered truth about a dataset.
//
// Manifest n + 1 is published by exclusive create, so of two writers one fails, and a reader that
// opens the highest number sees a whole commit or none of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/random_id.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// What was deleted of a segment: a file in the folder `deleted`, as its manifest knows it.
struct DeletionEntry {
  std::string name;  // empty: nothing was deleted
  std::uint32_t digest = 0;
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;      // that are deleted
  Timestamp first_timestamp = 0;  // smallest and largest of the samples that are left; 0 and -1 without any
  Timestamp last_timestamp = -1;
};

// A segment as its manifest knows it. The numbers repeat what is in the segment, so that it need
// not be opened to be skipped.
struct SegmentEntry {
  std::string name;
  std::uint32_t digest = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sequence = 0;  // of the commit that brought it
  Key first_key = 0;
  std::uint64_t samples = 0;
  std::uint32_t first_file = 0;
  std::uint32_t files = 0;  // new files, numbered from first_file
  std::uint64_t extents = 0;
  Timestamp first_timestamp = 0;  // smallest and largest; 0 and -1 without samples
  Timestamp last_timestamp = -1;
  DeletionEntry deletions{};

  [[nodiscard]] std::uint64_t live_samples() const noexcept { return samples - deletions.samples; }
  [[nodiscard]] Key end_key() const noexcept { return first_key + static_cast<Key>(samples); }
};

struct Manifest {
  std::uint64_t number = 0;    // of publications; 0: nothing was committed yet
  std::uint64_t sequence = 0;  // of commits of new data
  std::uint64_t epoch = 0;     // of the writer
  core::RandomId dataset{};    // drawn at the first commit
  Key next_key = 0;
  std::uint32_t next_file = 0;
  std::string format;                  // lines of name=value
  std::vector<SegmentEntry> segments;  // by key
};

// kCorrupt if the file fails its checks, kIo if there is none.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& dataset, std::uint64_t number);

// Publishes under manifest.number, durable when it returns. kConflict if the number is taken.
void publish_manifest(const std::filesystem::path& dataset, const Manifest& manifest);

}  // namespace modyn::index

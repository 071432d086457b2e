// Maintenance of a dataset's folder: what changes it besides ingest.
//
// All of it happens under the dataset's lock and is published as a manifest: readers that are open, and whoever
// has pinned an older manifest, notice nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

// Keys [first, end).
struct KeyRange {
  Key first;
  Key end;
  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

struct DeleteReport {
  std::uint64_t manifest;         // the newest one afterwards
  std::uint64_t deleted;          // samples
  std::uint64_t already_deleted;  // of the keys given, before
};

// Deletes samples from the newest manifest on; their keys are never used again and source files stay as they are.
// Keys in any order; keys that are repeated, or were deleted before, do no harm. Publishes nothing if nothing is
// left to delete. The sequence number stays: what is new since then is the same, less what was deleted.
// Errors: kUnknownKey, naming the first, for a key that no sample ever had: then nothing is deleted; kConflict if
// another writer holds the lock for longer than `lock_timeout_s` or took over; kIo, kCorrupt.
DeleteReport delete_samples(const std::filesystem::path& dataset, std::span<const KeyRange> keys,
                            double lock_timeout_s = 60.0);
DeleteReport delete_samples(const std::filesystem::path& dataset, std::span<const Key> keys,
                            double lock_timeout_s = 60.0);

struct MergeReport {
  std::uint64_t manifest;  // the newest one afterwards
  std::uint64_t merged;    // segments that became one
  std::uint64_t segments;  // there are afterwards
  std::uint64_t bytes_written;
};

// Makes one segment of small neighbours if there are enough of them; keys, file numbers and the sequence number stay as
// they are, and so does what is new since any sequence number. Cheap if there is nothing to merge, so it may follow
// every commit: segments then stay few and a byte is written a logarithmic number of times. The segments merged
// stay on disk until collect(), for manifests before this one name them. Errors as of delete_samples.
MergeReport merge_segments(const std::filesystem::path& dataset, double lock_timeout_s = 60.0);

// Who needs which manifest.
struct Pin {
  std::uint64_t manifest;
  std::string owner;
  friend bool operator==(const Pin&, const Pin&) = default;
};

// Keeps a manifest, and all that it needs, from being collected, until the owner unpins it; durable when it returns.
// `owner` says who: 1 to 100 letters, digits, dots, hyphens and underscores. Pinning twice is pinning once.
// Errors: kInvalidArgument if there is no such manifest (any more); kConflict if the lock of pins, which is never
// held for long, cannot be had; kIo for who may not write.
void pin_manifest(const std::filesystem::path& dataset, std::uint64_t manifest, std::string_view owner,
                  double lock_timeout_s = 60.0);
// False if this owner has not pinned it.
bool unpin_manifest(const std::filesystem::path& dataset, std::uint64_t manifest, std::string_view owner);
// By manifest and owner.
[[nodiscard]] std::vector<Pin> pins(const std::filesystem::path& dataset);

// What was removed.
struct CollectReport {
  std::uint64_t manifests;
  std::uint64_t segments;
  std::uint64_t deletions;
  std::uint64_t views;
  std::uint64_t temporaries;
  std::uint64_t bytes;
};

// Removes manifests that are not the newest, not pinned, and were followed by another for longer than `grace_s`
// seconds; then the segments, deletions and views that no remaining manifest names. Who has an index open goes on
// reading. If it is interrupted, the next one goes on. Errors as of delete_samples.
CollectReport collect(const std::filesystem::path& dataset, double grace_s, double lock_timeout_s = 60.0);

}  // namespace modyn

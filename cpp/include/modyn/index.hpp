// The index of a dataset: which samples there are, where their bytes lie, and in which order.
//
// A dataset folder holds numbered manifests and immutable segments. An Index is one pinned manifest,
// opened for reading; it needs no database and no lock, and never changes. Keys are consecutive
// within an extent (a range of records of one file), so a key is found by binary search.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modyn/column_file.hpp"
#include "modyn/error.hpp"

namespace modyn {

using Key = std::int64_t;        // unique in its dataset, from 0, never reused
using Timestamp = std::int64_t;  // Unix seconds

enum class ByteOrder { kLittle, kBig };

// Records of one size, each with an integer label somewhere inside. A sample is the record
// without the label's bytes.
struct FixedRecordFormat {
  std::uint64_t record_size = 0;
  std::uint64_t label_size = 0;    // 1..8 bytes
  std::uint64_t label_offset = 0;  // first byte of the label in the record
  ByteOrder byte_order = ByteOrder::kLittle;
  bool label_signed = false;
  [[nodiscard]] std::uint64_t sample_size() const noexcept { return record_size - label_size; }
};

// What lies in the files of an extent, one sample after the other.
enum class ExtentKind : std::uint8_t {
  kRecords = 0,  // records of the dataset's fixed format
  kSamples = 1,  // samples of the fixed format's sample size, without labels: pushed ones
  kRows = 2,     // records of any length; the index knows the place of each
  kFiles = 3,    // a sample is a whole file, and the next sample the next file
};

// Which record of which file a sample is: `file` numbers the files of the whole index.
struct Location {
  std::uint32_t file;
  std::uint64_t record;
  friend bool operator==(const Location&, const Location&) = default;
};

// Where a sample's bytes lie: bytes [offset, offset + length) of a file without the cut, which is
// `cut_length` bytes from `cut_offset` of them: the label, where it lies inside the record.
struct Place {
  std::uint64_t offset;
  std::uint32_t file;
  std::uint32_t length;
  std::uint32_t cut_offset;
  std::uint32_t cut_length;
  [[nodiscard]] std::uint32_t sample_size() const noexcept { return length - cut_length; }
  friend bool operator==(const Place&, const Place&) = default;
};

// What the index knows about a source file; a fetch compares it with the file on disk.
struct SourceFile {
  std::string path;  // relative to the dataset's root (its folder, if owned), bytes as the file system gave them
  std::uint64_t size;
  std::int64_t mtime_ns;
  std::uint64_t inode;
  std::uint64_t ingested_bytes;  // bytes [0, ingested_bytes) are registered
  std::uint64_t fingerprint;     // of the ingested bytes, sampled (docs/formats.md); 0 if the format needs none
  std::uint64_t companion = 0;   // stands for the status of the file's sidecar; 0 without one
  bool owned = false;            // a file of ours in the dataset's folder, not one of the user's
};

struct IndexSummary {
  std::uint64_t manifest;  // number of the manifest, from 1; 0 for a dataset without a commit
  std::uint64_t sequence;
  Key next_key;
  std::uint64_t samples;  // without the deleted ones
  std::uint64_t deleted;
  std::uint64_t files;
  std::uint64_t extents;
  std::uint64_t segments;
  Timestamp first_timestamp;  // of the samples that are not deleted; 0 and -1 if there are none
  Timestamp last_timestamp;
};

class Index {
 public:
  // The newest manifest, or the one with this number. kCorrupt if a file fails its checks.
  static std::shared_ptr<const Index> open(const std::filesystem::path& dataset,
                                           std::optional<std::uint64_t> manifest = std::nullopt);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  [[nodiscard]] const IndexSummary& summary() const noexcept;
  // The dataset's format as its first commit recorded it: lines of name=value.
  [[nodiscard]] const std::string& format() const noexcept;
  // The same, if it is one of fixed records; else nullptr.
  [[nodiscard]] const FixedRecordFormat* fixed_records() const noexcept;
  // Random bits that tell this dataset from every other; drawn at its first commit, zero before.
  [[nodiscard]] std::array<std::byte, 16> identity() const noexcept;

  // Each takes any keys in any order, repeats allowed; kUnknownKey names the first few that are missing or deleted.
  void locate(std::span<const Key> keys, std::span<Location> out) const;
  // The same as two columns.
  void locate(std::span<const Key> keys, std::span<std::uint32_t> files, std::span<std::uint64_t> records) const;
  void places(std::span<const Key> keys, std::span<Place> out) const;
  void labels(std::span<const Key> keys, std::span<std::int64_t> out) const;
  void timestamps(std::span<const Key> keys, std::span<Timestamp> out) const;

  // Whether samples that there once were are deleted here: a training set of an older manifest asks for its keys.
  // kUnknownKey only for keys that no sample ever had.
  void deleted(std::span<const Key> keys, std::span<bool> out) const;

  // Of the consecutive keys [first, first + out.size()), which must exist.
  void label_range(Key first, std::span<std::int64_t> out) const;
  void timestamp_range(Key first, std::span<Timestamp> out) const;

  [[nodiscard]] SourceFile source_file(std::uint32_t file) const;
  [[nodiscard]] std::uint32_t source_files() const noexcept;

  // Checks every block of every file that the manifest names.
  void verify() const;

  struct State;
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

enum class ViewOrder { kSequence, kTime };

// An immutable order of the samples of one index, without the deleted ones: by key (that is by commit), or by
// (timestamp, key). Held as runs of consecutive keys at consecutive positions. A view in the order of time of more
// than a million runs is written to the dataset's folder, once, and mapped by all who build it again.
class View {
 public:
  static std::shared_ptr<const View> build(std::shared_ptr<const Index> index, ViewOrder order);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept;
  [[nodiscard]] ViewOrder order() const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept;

  // Columns of positions [first, first + out.size()); kInvalidArgument beyond the end.
  void keys(std::uint64_t first, std::span<Key> out) const;
  void timestamps(std::uint64_t first, std::span<Timestamp> out) const;
  void labels(std::uint64_t first, std::span<std::int64_t> out) const;
  // All three, which must be of one length, in one pass.
  void read(std::uint64_t first, std::span<Key> keys, std::span<Timestamp> timestamps,
            std::span<std::int64_t> labels) const;
  // Keys of any positions.
  void keys_at(std::span<const std::uint64_t> positions, std::span<Key> out) const;

  // The number of samples with a smaller timestamp: the first position of [timestamp, ...).
  // kInvalidArgument unless the order is kTime.
  [[nodiscard]] std::uint64_t position_of_time(Timestamp timestamp) const;

 private:
  struct State;
  explicit View(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace modyn

// Fetch: the bytes of any samples, in the order asked for, copied out of the source files.
//
// Keys become places, places are copied by a thread pool with prefetch, and only when all is copied is
// each touched file compared with what was ingested: a file that shrank or changed is an error, never
// zeros and never a crash (maps are read under a SIGBUS guard). What the page cache does not hold is
// read in the order of the disk, and announced to it well ahead. docs/architecture.md says more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "modyn/index.hpp"

namespace modyn {

// A slice [offset, offset + length) of every sample's bytes (the record without its label).
struct Field {
  std::uint64_t offset;
  std::uint64_t length;
};

// kInvalidArgument for a field that is empty or reaches beyond the samples of the format.
void check_fields(const FixedRecordFormat& format, std::span<const Field> fields);

// How bytes are taken from source files. Samples that are whole files are always read.
enum class Access {
  kAutomatic,  // maps, but reads on network file systems, where a map may show stale bytes or hang
  kMap,
  kRead,
};

// Fetches from one pinned index. Thread-safe. Memory is bounded by the size of a request, not of the dataset.
class Reader {
 public:
  // `root` is the dataset's base path. `threads`: how many threads of the process's pool copy at a time,
  // 0 for all. `max_open_files` bounds maps and descriptors (never more than half of the process's
  // limit); the least recently used are closed.
  Reader(std::shared_ptr<const Index> index, std::filesystem::path root, unsigned threads = 0,
         std::size_t max_open_files = 4096, Access access = Access::kAutomatic);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept;
  // The size of each sample, if the dataset's format gives all of them the same (0 before the first
  // commit); nothing if samples differ.
  [[nodiscard]] std::optional<std::uint64_t> sample_size() const noexcept;
  // kInvalidArgument if the samples have no fixed size.
  [[nodiscard]] const FixedRecordFormat& format() const;

  // The size of each sample in bytes. kUnknownKey; kInvalidArgument if `out` has another length.
  void sizes(std::span<const Key> keys, std::span<std::uint64_t> out) const;

  // Whole samples of one size: `data` holds keys.size() * sample_size bytes, sample i at i * sample_size.
  // Keys in any order, repeats allowed. After an error the outputs hold garbage.
  // Errors: kUnknownKey, kSourceChanged, kIo; kInvalidArgument if a span has the wrong size or samples
  // have no fixed size; kCorrupt if the index contradicts itself.
  void fetch(std::span<const Key> keys, std::span<std::int64_t> labels, std::span<std::byte> data) const;

  // Whole samples of any size: sample i goes to bytes [offsets[i], offsets[i + 1]) of `data`.
  // `offsets` has one element more than `keys`, begins with 0, ends with data.size() and has
  // sizes()[i] between its elements i and i + 1. Errors as of fetch.
  void fetch_any(std::span<const Key> keys, std::span<const std::int64_t> offsets, std::span<std::int64_t> labels,
                 std::span<std::byte> data) const;

  // Field f of sample i goes to outputs[f] + i * fields[f].length: decoded columns in one pass.
  // Fields may overlap; kInvalidArgument for one that is empty or reaches beyond the sample, or if
  // samples have no fixed size.
  void fetch_fields(std::span<const Key> keys, std::span<const Field> fields, std::span<std::int64_t> labels,
                    std::span<std::byte* const> outputs) const;

  // Whether some of the samples, of which it looks at a few, seem not to be in the page cache. Errors as of advise.
  [[nodiscard]] bool needs_disk(std::span<const Key> keys) const;

  // Tells the operating system that these samples will be fetched soon, so that it reads them into the
  // page cache meanwhile; returns without waiting for the disk. Does nothing for samples that seem to
  // be there already. kUnknownKey, kSourceChanged, kIo.
  void advise(std::span<const Key> keys) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace modyn

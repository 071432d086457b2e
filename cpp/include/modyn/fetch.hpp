// Fetch: the bytes of any samples, in the order asked for, from memory-mapped source files.
//
// Keys are resolved, sorted by place, copied by a thread pool with prefetch, and only then is each
// touched file compared with what was ingested: a file that shrank or changed is an error, never
// zeros and never a crash (copies run under a SIGBUS guard).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
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

class Reader {
 public:
  // `threads`: how many threads of the process's pool copy at a time, 0 for all. `max_open_files` bounds
  // maps and descriptors (never more than half of the process's limit); the least recently used are closed.
  Reader(std::shared_ptr<const Index> index, std::filesystem::path root, unsigned threads = 0,
         std::size_t max_open_files = 4096);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept;
  // kInvalidArgument if the samples have no fixed size.
  [[nodiscard]] const FixedRecordFormat& format() const;

  // Whole samples: `data` holds keys.size() * sample_size bytes, sample i at i * sample_size. Keys in any
  // order, repeats allowed. Thread-safe. After an error the outputs hold garbage.
  // Errors: kUnknownKey, kSourceChanged, kIo, kInvalidArgument if a span has the wrong size.
  void fetch(std::span<const Key> keys, std::span<std::int64_t> labels, std::span<std::byte> data) const;

  // Field f of sample i goes to outputs[f] + i * fields[f].length: decoded columns in one pass.
  // Fields may overlap; kInvalidArgument for one that is empty or reaches beyond the sample.
  void fetch_fields(std::span<const Key> keys, std::span<const Field> fields, std::span<std::int64_t> labels,
                    std::span<std::byte* const> outputs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace modyn

// Labels out of files of fixed-size records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

#include "core/file.hpp"
#include "index/packed_integers.hpp"
#include "modyn/index.hpp"

namespace modyn::ingest {

// The bytes of a file are not what its format says. The message is the reason for its quarantine.
class BadContent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The file is not what it was when it was found, shorter for example.
class FileChanged : public std::exception {};

class RecordReader {
 public:
  explicit RecordReader(const FixedRecordFormat& format);

  // Labels of `count` records from record `first`. Reads through a buffer rather than a map: a file that is
  // cut off meanwhile is then an error and not a signal. BadContent, FileChanged, or Error kIo.
  [[nodiscard]] index::PackedIntegers labels(const core::Descriptor& file, const std::filesystem::path& path,
                                             std::uint64_t first, std::uint64_t count) const;

  // Records that make a good piece of work for one thread.
  [[nodiscard]] std::uint64_t records_per_piece() const noexcept;

 private:
  // Decodes one label for each element of `out`, `stride` bytes apart, the first one at `label`.
  using Decoder = void (*)(const std::byte* label, std::uint64_t stride, std::span<std::int64_t> out);

  void check_range(std::span<const std::int64_t> labels, const std::filesystem::path& path, std::uint64_t first) const;

  FixedRecordFormat format_;
  Decoder decoder_;
};

}  // namespace modyn::ingest

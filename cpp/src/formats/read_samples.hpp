// The samples in a piece of memory that looks like a file of a format: what is pushed in the form of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modyn/format.hpp"

namespace modyn::formats {

// Columns, and the samples themselves one after the other, without their labels.
struct FileSamples {
  std::vector<std::int64_t> labels;
  std::vector<Timestamp> timestamps;   // empty unless the format has them
  std::vector<std::uint64_t> lengths;  // bytes of each sample; empty if all have one size
  std::vector<std::byte> data;
};

// `companion` is the content of the file beside it, if the format has such. The last row needs no end.
// BadContent or IncompleteFile, as FileFormat::read; messages go on from the name of what was read.
[[nodiscard]] FileSamples read_samples(const FileFormat& format, std::span<const std::byte> bytes,
                                       const std::optional<std::string>& companion);

}  // namespace modyn::formats

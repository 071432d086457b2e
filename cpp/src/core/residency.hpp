// Whether bytes of a file are in memory already.
#pragma once

#include <cstdint>

#include "core/file.hpp"

namespace modyn::core {

enum class Residency { kCached, kNotCached, kUnknown };

// Whether the page cache holds the byte at `offset`, as far as can be told without reading it. Half a microsecond.
[[nodiscard]] Residency residency(const Descriptor& file, std::uint64_t offset) noexcept;

}  // namespace modyn::core

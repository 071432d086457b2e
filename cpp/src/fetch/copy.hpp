// Copies samples whose bytes are in memory to where a request wants them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fetch/request.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

// A sample to copy: its bytes with the cut, and its slot in the request, counted from a first one.
struct Entry {
  const std::byte* bytes;
  std::uint32_t slot;
  std::uint32_t length;
  std::uint32_t cut_offset;
  std::uint32_t cut_length;
};

// The label in its bytes in a record. Reads no byte beside them: the next one may lie beyond the map.
[[nodiscard]] std::int64_t decode_label(const FixedRecordFormat& format, const std::byte* bytes) noexcept;

// Copies all entries, and decodes the labels that lie inside (the cuts of a fixed format). `progress` says which entry
// is being copied, for whoever catches a fault in it.
void copy_entries(const Request& request, std::span<const Entry> entries, std::size_t first_slot,
                  volatile std::size_t& progress);

}  // namespace modyn::fetch

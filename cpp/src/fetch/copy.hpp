// What to copy from each record: fields of the sample, translated to pieces of the record.
//
// A sample is its record without the bytes of the label, so a field that lies across the label's
// place becomes two pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modyn/fetch.hpp"

namespace modyn::fetch {

// `length` bytes at `source_offset` of the record of slot s go to output + s * stride.
struct Piece {
  std::size_t source_offset;
  std::size_t length;
  std::byte* output;
  std::size_t stride;
};

struct CopyPlan {
  std::vector<Piece> pieces;
  // The bytes [first_byte, end_byte) of a record hold all pieces.
  std::size_t first_byte = 0;
  std::size_t end_byte = 0;
  // Bytes copied for each sample.
  std::size_t bytes = 0;
};

// kInvalidArgument for a field that reaches beyond the sample.
[[nodiscard]] CopyPlan plan_copy(const FixedRecordFormat& format, std::span<const Field> fields,
                                 std::span<std::byte* const> outputs);

// A record to copy, and the place in the outputs that it goes to.
struct Entry {
  const std::byte* record;
  std::uint32_t slot;
};

// Copies all entries. `progress` says which entry is being copied, for whoever catches a fault in it.
void copy_entries(const CopyPlan& plan, std::span<const Entry> entries, std::size_t first_slot,
                  volatile std::size_t& progress);

}  // namespace modyn::fetch

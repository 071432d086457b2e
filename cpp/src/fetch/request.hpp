// What a fetch is asked for: where the bytes and the label of each key go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "modyn/fetch.hpp"

namespace modyn::fetch {

// Whole samples, one after the other: slot s begins at s * size, or at offsets[s] if samples differ in size.
struct WholeSamples {
  std::byte* data;
  std::uint64_t size;
  const std::int64_t* offsets;

  [[nodiscard]] std::byte* begin(std::size_t slot) const noexcept {
    return data + (offsets != nullptr ? static_cast<std::uint64_t>(offsets[slot]) : slot * size);
  }
  [[nodiscard]] std::uint64_t size_of(std::size_t slot) const noexcept {
    return offsets != nullptr ? static_cast<std::uint64_t>(offsets[slot + 1] - offsets[slot]) : size;
  }
};

// `length` bytes at `source_offset` of the bytes of slot s go to output + s * stride.
struct Piece {
  std::size_t source_offset;
  std::size_t length;
  std::byte* output;
  std::size_t stride;
};

// Fields of samples of one size, as pieces of the bytes that hold a sample. A field that lies across the place of
// the label becomes two pieces of a record; where there is no label, fields are pieces as they are.
struct FieldColumns {
  std::uint64_t sample_size;
  std::vector<Piece> of_records;
  std::vector<Piece> of_samples;
  // The bytes [first_byte, end_byte) hold all pieces.
  std::size_t first_byte = 0;
  std::size_t end_byte = 0;
};

struct Request {
  std::span<const Key> keys;
  std::int64_t* labels;
  // Of samples whose labels lie inside them; nullptr if samples have no fixed size.
  const FixedRecordFormat* format;
  std::variant<WholeSamples, FieldColumns> output;
  // Copied for a key, on average.
  std::size_t bytes_of_key;
};

// kInvalidArgument for a field that reaches beyond the sample.
[[nodiscard]] FieldColumns field_columns(const FixedRecordFormat& format, std::span<const Field> fields,
                                         std::span<std::byte* const> outputs);

}  // namespace modyn::fetch

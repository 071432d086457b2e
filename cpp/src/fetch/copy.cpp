#include "fetch/copy_plan.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "core/message.hpp"

namespace modyn::fetch {
namespace {

constexpr std::size_t kCacheLine = 64;
// Cache lines requested ahead, to hide the latency of memory: more than a core can have in flight gains nothing.
constexpr std::size_t kLinesInFlight = 64;
// The processor recognises the stream of a long record by itself after its first lines.
constexpr std::size_t kMaxLinesOfRecord = 16;

// How the entries ahead are fetched into the cache while one is copied.
struct Prefetch {
  std::size_t lines;
  std::size_t distance;
};

Prefetch prefetch_for(const CopyPlan& plan) noexcept {
  // One more line than its length needs: a record begins anywhere in a line.
  const std::size_t lines = std::min((plan.end_byte - plan.first_byte) / kCacheLine + 2, kMaxLinesOfRecord);
  return {lines, std::max<std::size_t>(kLinesInFlight / lines, 2)};
}

inline void prefetch(const std::byte* bytes, std::size_t lines) noexcept {
  for (std::size_t line = 0; line < lines; ++line) __builtin_prefetch(bytes + line * kCacheLine);
}

}  // namespace

}  // namespace modyn::fetch

namespace modyn {

void check_fields(const FixedRecordFormat& format, std::span<const Field> fields) {
  const std::uint64_t sample_size = format.sample_size();
  for (const Field& field : fields) {
    if (field.length > 0 && field.offset <= sample_size && field.length <= sample_size - field.offset) continue;
    throw Error(ErrorKind::kInvalidArgument, "field of " + core::grouped(field.length) + " bytes at offset " +
                                                 core::grouped(field.offset) + " does not lie within the sample's " +
                                                 core::grouped(sample_size) + " bytes (the record without its label)");
  }
}

}  // namespace modyn

namespace modyn::fetch {

CopyPlan plan_copy(const FixedRecordFormat& format, std::span<const Field> fields,
                   std::span<std::byte* const> outputs) {
  check_fields(format, fields);
  const std::uint64_t label_begin = format.label_offset;
  CopyPlan plan;
  plan.first_byte = std::numeric_limits<std::size_t>::max();
  const auto add = [&](std::uint64_t source_offset, std::uint64_t length, std::byte* output, std::uint64_t stride) {
    plan.pieces.push_back({source_offset, length, output, stride});
    plan.first_byte = std::min<std::size_t>(plan.first_byte, source_offset);
    plan.end_byte = std::max<std::size_t>(plan.end_byte, source_offset + length);
    plan.bytes += length;
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    const std::uint64_t end = field.offset + field.length;
    const std::uint64_t before_label = field.offset < label_begin ? std::min(end, label_begin) - field.offset : 0;
    if (before_label > 0) add(field.offset, before_label, outputs[i], field.length);
    if (before_label < field.length) {
      add(field.offset + before_label + format.label_size, field.length - before_label, outputs[i] + before_label,
          field.length);
    }
  }
  if (plan.pieces.empty()) plan.first_byte = 0;
  return plan;
}

void copy_entries(const CopyPlan& plan, std::span<const Entry> entries, std::size_t first_slot,
                  volatile std::size_t& progress) {
  const auto [lines, distance] = prefetch_for(plan);
  const std::size_t count = entries.size();
  for (std::size_t i = 0; i < std::min(distance, count); ++i) prefetch(entries[i].record + plan.first_byte, lines);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + distance < count) prefetch(entries[i + distance].record + plan.first_byte, lines);
    progress = i;
    const std::size_t slot = first_slot + entries[i].slot;
    for (const Piece& piece : plan.pieces) {
      std::memcpy(piece.output + slot * piece.stride, entries[i].record + piece.source_offset, piece.length);
    }
  }
}

}  // namespace modyn::fetch

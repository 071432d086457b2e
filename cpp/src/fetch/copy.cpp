#include "fetch/copy.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace modyn::fetch {
namespace {

constexpr std::uintptr_t kCacheLine = 64;
// The processor sees by itself how a longer record goes on.
constexpr std::size_t kMaxPrefetchedBytes = 256;
// Bytes requested ahead, to hide the latency of memory: more than a core can have in flight gains nothing.
constexpr std::size_t kBytesAhead = 6144;

// Requests the cache lines that a copy of an entry reads first. Always inline: gcc takes a function that does nothing
// but this for one without effect, and leaves its calls out.
class Prefetch {
 public:
  explicit Prefetch(const Request& request) noexcept {
    const auto* fields = std::get_if<FieldColumns>(&request.output);
    if (fields == nullptr) return;
    first_ = fields->first_byte;
    end_ = std::min(fields->end_byte, first_ + kMaxPrefetchedBytes);
    label_apart_ = true;
  }

  [[gnu::always_inline]] void operator()(const Entry& entry) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(entry.bytes);
    const std::uintptr_t end = address + std::min<std::size_t>(entry.length, end_);
    for (std::uintptr_t line = (address + first_) / kCacheLine * kCacheLine; line < end; line += kCacheLine) {
      __builtin_prefetch(reinterpret_cast<const void*>(line));
    }
    if (label_apart_) __builtin_prefetch(entry.bytes + entry.cut_offset);
  }

 private:
  std::size_t first_ = 0;
  std::size_t end_ = kMaxPrefetchedBytes;
  bool label_apart_ = false;
};

// Calls copy(entry) for all entries, and before that ahead(entry) for those that come.
template <typename Copy>
void copy_each(const Request& request, std::span<const Entry> entries, volatile std::size_t& progress, Copy copy) {
  const Prefetch ahead(request);
  const std::size_t bytes = std::clamp<std::size_t>(request.bytes_of_key, 64, kMaxPrefetchedBytes);
  const std::size_t distance = std::max<std::size_t>(kBytesAhead / bytes, 2);
  const std::size_t count = entries.size();
  for (std::size_t i = 0; i < std::min(distance, count); ++i) ahead(entries[i]);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + distance < count) ahead(entries[i + distance]);
    progress = i;
    copy(entries[i]);
  }
}

template <typename T>
std::uint64_t load(const std::byte* bytes, ByteOrder order) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  const bool swap = (order == ByteOrder::kBig) == (std::endian::native == std::endian::little);
  if constexpr (sizeof(T) == 2) return swap ? __builtin_bswap16(value) : value;
  if constexpr (sizeof(T) == 4) return swap ? __builtin_bswap32(value) : value;
  if constexpr (sizeof(T) == 8) return swap ? __builtin_bswap64(value) : value;
}

std::uint64_t load_any(const std::byte* bytes, std::size_t size, ByteOrder order) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = order == ByteOrder::kBig ? i : size - 1 - i;
    value = (value << 8) | std::to_integer<std::uint64_t>(bytes[place]);
  }
  return value;
}

inline std::int64_t decode(const FixedRecordFormat& format, const std::byte* bytes) noexcept {
  std::uint64_t value = 0;
  switch (format.label_size) {
    case 2:
      value = load<std::uint16_t>(bytes, format.byte_order);
      break;
    case 4:
      value = load<std::uint32_t>(bytes, format.byte_order);
      break;
    case 8:
      value = load<std::uint64_t>(bytes, format.byte_order);
      break;
    default:
      value = load_any(bytes, format.label_size, format.byte_order);
  }
  if (!format.label_signed) return static_cast<std::int64_t>(value);
  const auto unused_bits = static_cast<int>(64 - 8 * format.label_size);
  return static_cast<std::int64_t>(value << unused_bits) >> unused_bits;
}

// The label of a slot, if it lies inside its record.
class LabelsInside {
 public:
  LabelsInside(const Request& request, std::size_t first_slot)
      : format_(request.format), labels_(request.labels + first_slot) {}

  void decode(const Entry& entry) const noexcept {
    if (format_ == nullptr || entry.cut_length == 0) return;
    labels_[entry.slot] = fetch::decode(*format_, entry.bytes + entry.cut_offset);
  }

 private:
  const FixedRecordFormat* format_;
  std::int64_t* labels_;
};

void copy_samples(const Request& request, const WholeSamples& output, std::span<const Entry> entries,
                  std::size_t first_slot, volatile std::size_t& progress) {
  const LabelsInside labels(request, first_slot);
  copy_each(request, entries, progress, [&](const Entry& entry) {
    std::byte* const out = output.begin(first_slot + entry.slot);
    const std::size_t after = entry.cut_offset + entry.cut_length;
    if (entry.cut_offset > 0) std::memcpy(out, entry.bytes, entry.cut_offset);
    if (entry.length > after) std::memcpy(out + entry.cut_offset, entry.bytes + after, entry.length - after);
    labels.decode(entry);
  });
}

void copy_fields(const Request& request, const FieldColumns& output, std::span<const Entry> entries,
                 std::size_t first_slot, volatile std::size_t& progress) {
  const LabelsInside labels(request, first_slot);
  copy_each(request, entries, progress, [&](const Entry& entry) {
    const std::size_t slot = first_slot + entry.slot;
    for (const Piece& piece : entry.cut_length > 0 ? output.of_records : output.of_samples) {
      std::memcpy(piece.output + slot * piece.stride, entry.bytes + piece.source_offset, piece.length);
    }
    labels.decode(entry);
  });
}

}  // namespace

std::int64_t decode_label(const FixedRecordFormat& format, const std::byte* bytes) noexcept {
  return decode(format, bytes);
}

void copy_entries(const Request& request, std::span<const Entry> entries, std::size_t first_slot,
                  volatile std::size_t& progress) {
  if (const auto* samples = std::get_if<WholeSamples>(&request.output)) {
    copy_samples(request, *samples, entries, first_slot, progress);
  } else {
    copy_fields(request, std::get<FieldColumns>(request.output), entries, first_slot, progress);
  }
}

}  // namespace modyn::fetch

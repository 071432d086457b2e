#include "ingest/record_reader.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "core/message.hpp"

namespace modyn::ingest {
namespace {

static_assert(std::endian::native == std::endian::little, "labels are loaded as they lie in memory");

constexpr std::uint64_t kBufferBytes = 1U << 20U;
constexpr std::uint64_t kPieceBytes = 32U << 20U;
constexpr std::uint64_t kPieceRecords = 1U << 20U;
// From this size on, reading the labels one by one moves less than reading everything.
constexpr std::uint64_t kSparseRecordBytes = 8192;

template <std::size_t Size, bool Big, bool Signed>
void decode_labels(const std::byte* label, std::uint64_t stride, std::span<std::int64_t> out) {
  constexpr unsigned kUnused = 64 - 8 * Size;
  for (std::int64_t& decoded : out) {
    std::uint64_t value = 0;
    std::memcpy(&value, label, Size);
    if constexpr (Big) value = __builtin_bswap64(value) >> kUnused;
    decoded = static_cast<std::int64_t>(value);
    if constexpr (Signed) decoded = static_cast<std::int64_t>(value << kUnused) >> kUnused;
    label += stride;
  }
}

template <bool Big, bool Signed, std::size_t... Sizes>
constexpr auto decoders(std::index_sequence<Sizes...>) {
  return std::array{&decode_labels<Sizes + 1, Big, Signed>...};
}

auto find_decoder(const FixedRecordFormat& format) {
  using Sizes = std::make_index_sequence<8>;
  const std::size_t at = format.label_size - 1;
  if (format.byte_order == ByteOrder::kBig) {
    return format.label_signed ? decoders<true, true>(Sizes{})[at] : decoders<true, false>(Sizes{})[at];
  }
  return format.label_signed ? decoders<false, true>(Sizes{})[at] : decoders<false, false>(Sizes{})[at];
}

void read_fully(const core::Descriptor& file, std::uint64_t offset, std::span<std::byte> out,
                const std::filesystem::path& path) {
  if (core::read_at(file, offset, out, path) < out.size()) throw FileChanged();
}

}  // namespace

RecordReader::RecordReader(const FixedRecordFormat& format) : format_(format), decoder_(find_decoder(format)) {}

std::uint64_t RecordReader::records_per_piece() const noexcept {
  return std::clamp<std::uint64_t>(kPieceBytes / format_.record_size, 1024, kPieceRecords);
}

index::PackedIntegers RecordReader::labels(const core::Descriptor& file, const std::filesystem::path& path,
                                           std::uint64_t first, std::uint64_t count) const {
  std::vector<std::int64_t> labels(count);
  const bool sparse = format_.record_size >= kSparseRecordBytes;
  const std::uint64_t step = sparse ? 1 : kBufferBytes / format_.record_size;
  std::vector<std::byte> buffer(sparse ? format_.label_size : step * format_.record_size);
  for (std::uint64_t done = 0; done < count; done += step) {
    const std::uint64_t records = std::min(step, count - done);
    const std::uint64_t offset = (first + done) * format_.record_size;
    if (sparse) {
      read_fully(file, offset + format_.label_offset, buffer, path);
      decoder_(buffer.data(), 0, std::span(labels).subspan(done, 1));
    } else {
      read_fully(file, offset, std::span(buffer).first(records * format_.record_size), path);
      decoder_(buffer.data() + format_.label_offset, format_.record_size, std::span(labels).subspan(done, records));
    }
  }
  check_range(labels, path, first);
  return index::PackedIntegers(labels);
}

void RecordReader::check_range(std::span<const std::int64_t> labels, const std::filesystem::path& path,
                               std::uint64_t first) const {
  if (format_.label_size < 8 || format_.label_signed) return;
  const auto wrong = std::ranges::find_if(labels, [](std::int64_t label) { return label < 0; });
  if (wrong == labels.end()) return;
  const std::uint64_t record = first + static_cast<std::uint64_t>(wrong - labels.begin());
  throw BadContent("file " + core::quoted(path) + " has the label " +
                   core::grouped(static_cast<std::uint64_t>(*wrong)) + " in record " + core::grouped(record) +
                   ", above the largest label 9,223,372,036,854,775,807");
}

}  // namespace modyn::ingest

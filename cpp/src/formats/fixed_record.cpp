#include "formats/fixed_record.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "core/message.hpp"
#include "index/format_text.hpp"

namespace modyn::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are loaded as they lie in memory");

constexpr std::uint64_t kPieceBytes = 32U << 20U;
constexpr std::uint64_t kPieceRecords = 1U << 20U;
// So few that their columns stay in a core's own cache.
constexpr std::uint64_t kBlockRecords = 4096;
constexpr std::uint64_t kBlockBytes = 256U << 10U;

template <std::size_t Size, bool Big, bool Signed>
void decode(const std::byte* field, std::uint64_t stride, std::span<std::int64_t> out) {
  constexpr unsigned kUnused = 64 - 8 * Size;
  for (std::int64_t& decoded : out) {
    std::uint64_t value = 0;
    std::memcpy(&value, field, Size);
    if constexpr (Big) value = __builtin_bswap64(value) >> kUnused;
    decoded = static_cast<std::int64_t>(value);
    if constexpr (Signed) decoded = static_cast<std::int64_t>(value << kUnused) >> kUnused;
    field += stride;
  }
}

template <bool Big, bool Signed, std::size_t... Sizes>
constexpr auto decoders(std::index_sequence<Sizes...>) {
  return std::array{&decode<Sizes + 1, Big, Signed>...};
}

}  // namespace

FixedRecord::Decoder FixedRecord::find_decoder(const IntegerField& field) {
  using Sizes = std::make_index_sequence<8>;
  const std::size_t at = field.size - 1;
  if (field.byte_order == ByteOrder::kBig) {
    return field.is_signed ? decoders<true, true>(Sizes{})[at] : decoders<true, false>(Sizes{})[at];
  }
  return field.is_signed ? decoders<false, true>(Sizes{})[at] : decoders<false, false>(Sizes{})[at];
}

FixedRecord::FixedRecord(const FixedRecordFormat& format, const std::optional<IntegerField>& timestamp)
    : format_(format), timestamp_(timestamp) {
  index::check_format(format_);
  decode_label_ = find_decoder(label());
  if (!timestamp_) return;
  check_timestamp();
  decode_timestamp_ = find_decoder(*timestamp_);
}

void FixedRecord::check_timestamp() const {
  const auto fail = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
  if (timestamp_->size != 4 && timestamp_->size != 8) {
    fail("timestamp_size is " + core::grouped(timestamp_->size) + ", must be 4 or 8 bytes");
  }
  if (timestamp_->size > format_.record_size || timestamp_->offset > format_.record_size - timestamp_->size) {
    fail("timestamp_offset " + core::grouped(timestamp_->offset) + " and timestamp_size " +
         core::grouped(timestamp_->size) + " go beyond record_size " + core::grouped(format_.record_size));
  }
}

IntegerField FixedRecord::label() const noexcept {
  return {format_.label_offset, format_.label_size, format_.byte_order, format_.label_signed};
}

std::string FixedRecord::text() const {
  std::string text = index::format_text(format_);
  if (timestamp_) {
    text += "timestamp_offset=" + std::to_string(timestamp_->offset) +
            "\ntimestamp_size=" + std::to_string(timestamp_->size) +
            "\ntimestamp_byte_order=" + (timestamp_->byte_order == ByteOrder::kBig ? "big" : "little") +
            "\ntimestamp_signed=" + (timestamp_->is_signed ? "true" : "false") + "\n";
  }
  return text;
}

void FixedRecord::read(const FileInput& input, SampleSink& sink) const {
  const std::uint64_t record = format_.record_size;
  if (input.size() % record != 0) {
    throw BadContent((input.first_byte() == 0 ? "has " : "has grown to ") + core::grouped(input.size()) +
                     " bytes, not a multiple of record_size " + core::grouped(record));
  }
  const std::uint64_t first = input.first_byte() / record;
  const std::uint64_t count = input.size() / record - first;
  const std::uint64_t step = std::clamp<std::uint64_t>(kPieceBytes / record, 1024, kPieceRecords);
  input.for_each_piece((count + step - 1) / step, [&](std::uint64_t piece) {
    read_piece(input, first + piece * step, std::min(step, count - piece * step), piece, sink);
  });
}

void FixedRecord::read_piece(const FileInput& input, std::uint64_t first, std::uint64_t count, std::uint64_t piece,
                             SampleSink& sink) const {
  const std::uint64_t record = format_.record_size;
  // The part of each record that holds its integers.
  std::uint64_t begin = format_.label_offset;
  std::uint64_t end = begin + format_.label_size;
  if (timestamp_) {
    begin = std::min(begin, timestamp_->offset);
    end = std::max(end, timestamp_->offset + timestamp_->size);
  }
  const std::uint64_t width = end - begin;
  const std::uint64_t step = std::clamp<std::uint64_t>(kBlockBytes / width, 1, kBlockRecords);
  std::vector<std::byte> fields(std::min(step, count) * width);
  std::vector<std::int64_t> labels;
  std::vector<Timestamp> timestamps;
  for (std::uint64_t done = 0; done < count; done += step) {
    const std::uint64_t records = std::min(step, count - done);
    input.read_strided((first + done) * record + begin, record, width, std::span(fields).first(records * width));
    labels.resize(records);
    decode_label_(fields.data() + format_.label_offset - begin, width, labels);
    check_range("label", label(), labels, first + done);
    if (timestamp_) {
      timestamps.resize(records);
      decode_timestamp_(fields.data() + timestamp_->offset - begin, width, timestamps);
      check_range("timestamp", *timestamp_, timestamps, first + done);
    }
    sink.take(piece, {.labels = labels, .timestamps = timestamps});
  }
}

// 8 unsigned bytes hold numbers that int64 does not.
void FixedRecord::check_range(const char* what, const IntegerField& field, std::span<const std::int64_t> values,
                              std::uint64_t first) const {
  if (field.size < 8 || field.is_signed) return;
  const auto wrong = std::ranges::find_if(values, [](std::int64_t value) { return value < 0; });
  if (wrong == values.end()) return;
  const std::uint64_t record = first + static_cast<std::uint64_t>(wrong - values.begin());
  throw BadContent("has the " + std::string(what) + " " + core::grouped(static_cast<std::uint64_t>(*wrong)) +
                   " in record " + core::grouped(record) + ", above the largest " + what +
                   " 9,223,372,036,854,775,807");
}

std::shared_ptr<const FileFormat> make_fixed_record(FormatSettings settings) {
  const auto order = [](bool big) { return big ? ByteOrder::kBig : ByteOrder::kLittle; };
  FixedRecordFormat format;
  format.record_size = settings.take_required_number("record_size");
  format.label_size = settings.take_required_number("label_size");
  format.label_offset = settings.take_required_number("label_offset");
  format.byte_order = order(settings.take_required_choice("byte_order", "big", "little"));
  format.label_signed = settings.take_required_choice("label_signed", "true", "false");
  std::optional<IntegerField> timestamp;
  if (const auto size = settings.take_number("timestamp_size")) {
    timestamp =
        IntegerField{.offset = settings.take_required_number("timestamp_offset"),
                     .size = *size,
                     .byte_order = order(settings.take_required_choice("timestamp_byte_order", "big", "little")),
                     .is_signed = settings.take_required_choice("timestamp_signed", "true", "false")};
  }
  settings.check_all_taken();
  return std::make_shared<FixedRecord>(format, timestamp);
}

}  // namespace modyn::formats

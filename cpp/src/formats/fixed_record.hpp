// Files of records of one size, each with an integer label, and maybe a timestamp, inside.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modyn/format.hpp"

namespace modyn::formats {

// An integer somewhere in a record.
struct IntegerField {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // 1 to 8 bytes
  ByteOrder byte_order = ByteOrder::kLittle;
  bool is_signed = false;
};

class FixedRecord final : public FileFormat {
 public:
  // kInvalidArgument if no record can look like this. `timestamp` counts Unix seconds in 4 or 8
  // bytes; it stays part of the sample.
  explicit FixedRecord(const FixedRecordFormat& format, const std::optional<IntegerField>& timestamp = std::nullopt);

  [[nodiscard]] std::string text() const override;
  [[nodiscard]] SampleLayout layout() const override { return SampleLayout::kRecords; }
  [[nodiscard]] bool has_timestamps() const override { return timestamp_.has_value(); }
  [[nodiscard]] std::uint64_t bytes_per_sample() const override { return format_.record_size; }
  void read(const FileInput& input, SampleSink& sink) const override;

 private:
  // Decodes one integer for each element of `out`, `stride` bytes apart, the first one at `field`.
  using Decoder = void (*)(const std::byte* field, std::uint64_t stride, std::span<std::int64_t> out);
  static Decoder find_decoder(const IntegerField& field);

  [[nodiscard]] IntegerField label() const noexcept;
  void check_timestamp() const;
  void read_piece(const FileInput& input, std::uint64_t first, std::uint64_t count, std::uint64_t piece,
                  SampleSink& sink) const;
  void check_range(const char* what, const IntegerField& field, std::span<const std::int64_t> values,
                   std::uint64_t first) const;

  FixedRecordFormat format_;
  std::optional<IntegerField> timestamp_;
  Decoder decode_label_;
  Decoder decode_timestamp_ = nullptr;
};

[[nodiscard]] std::shared_ptr<const FileFormat> make_fixed_record(FormatSettings settings);

}  // namespace modyn::formats

#include "fetch/request.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "core/message.hpp"

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

FieldColumns field_columns(const FixedRecordFormat& format, std::span<const Field> fields,
                           std::span<std::byte* const> outputs) {
  check_fields(format, fields);
  const std::uint64_t label_begin = format.label_offset;
  FieldColumns columns{.sample_size = format.sample_size(),
                       .of_records = {},
                       .of_samples = {},
                       .first_byte = std::numeric_limits<std::size_t>::max(),
                       .end_byte = 0};
  const auto add = [&](std::uint64_t source_offset, std::uint64_t length, std::byte* output, std::uint64_t stride) {
    columns.of_records.push_back({source_offset, length, output, stride});
    columns.first_byte = std::min<std::size_t>(columns.first_byte, source_offset);
    columns.end_byte = std::max<std::size_t>(columns.end_byte, source_offset + length);
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    const std::uint64_t end = field.offset + field.length;
    const std::uint64_t before_label = field.offset < label_begin ? std::min(end, label_begin) - field.offset : 0;
    columns.of_samples.push_back({field.offset, field.length, outputs[i], field.length});
    if (before_label > 0) add(field.offset, before_label, outputs[i], field.length);
    if (before_label < field.length) {
      add(field.offset + before_label + format.label_size, field.length - before_label, outputs[i] + before_label,
          field.length);
    }
  }
  if (fields.empty()) columns.first_byte = 0;
  return columns;
}

}  // namespace modyn::fetch

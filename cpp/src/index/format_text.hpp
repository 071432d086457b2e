// A record format as text that describes itself, as manifests store it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "modyn/index.hpp"

namespace modyn::index {

// Lines of name=value, the first of which names the kind of format.
[[nodiscard]] std::string format_text(const FixedRecordFormat& format);
// Nothing for another kind of format. kCorrupt, naming `path`, if it cannot be read, or has settings that this
// program does not know.
[[nodiscard]] std::optional<FixedRecordFormat> parse_fixed_records(std::string_view text,
                                                                   const std::filesystem::path& path);

// kInvalidArgument if no record can look like this.
void check_format(const FixedRecordFormat& format);

}  // namespace modyn::index

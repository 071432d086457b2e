// Any text as the description of a format; what is understood must be written as it was read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "index/format_text.hpp"
#include "modyn/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto format = modyn::index::parse_fixed_records(text, "input");
    if (!format) return 0;
    const std::string again = modyn::index::format_text(*format);
    if (modyn::index::format_text(modyn::index::parse_fixed_records(again, "again").value()) != again) std::abort();
  } catch (const modyn::Error&) {
  }
  return 0;
}

// Any pattern on any file name: the first line of the input on the second.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/timestamp_pattern.hpp"
#include "modyn/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  try {
    const modyn::ingest::TimestampPattern pattern{std::string(text.substr(0, end))};
    static_cast<void>(pattern.find(text.substr(end + 1)));
  } catch (const modyn::Error&) {
  }
  return 0;
}

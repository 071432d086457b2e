// Any text as the description of a format, and what follows its zero byte as a file of that format.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "formats/memory_input.hpp"
#include "modyn/error.hpp"
#include "modyn/format.hpp"
#include "support/samples.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace modyn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return 0;
  try {
    const auto format = make_format(text.substr(0, end));
    const formats::MemoryInput input(std::as_bytes(std::span(data, size)).subspan(end + 1));
    static_cast<void>(fuzz::collect([&](SampleSink& sink) { format->read(input, sink); }));
  } catch (const BadContent&) {
  } catch (const IncompleteFile&) {
  } catch (const Error&) {
  }
  return 0;
}

// Any bytes as the file beside a sample that holds its label.
#include <cstddef>
#include <cstdint>
#include <span>

#include "formats/single_sample.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    static_cast<void>(modyn::formats::parse_label_file(std::as_bytes(std::span(data, size)), "label"));
  } catch (const modyn::BadContent&) {
  } catch (const modyn::IncompleteFile&) {
  }
  return 0;
}

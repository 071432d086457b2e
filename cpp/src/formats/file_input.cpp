#include <algorithm>
#include <vector>

#include "formats/strided_copy.hpp"
#include "modyn/format.hpp"

namespace modyn {
namespace {

constexpr std::uint64_t kBufferBytes = 256U << 10U;  // stays in a core's own cache
// From this distance on, reading the pieces one by one moves less than reading everything.
constexpr std::uint64_t kFarApart = 8192;

}  // namespace

void FileInput::read_strided(std::uint64_t offset, std::uint64_t stride, std::uint64_t width,
                             std::span<std::byte> out) const {
  if (stride >= kFarApart) {
    for (; !out.empty(); out = out.subspan(width), offset += stride) read(offset, out.first(width));
    return;
  }
  const std::uint64_t most = std::max<std::uint64_t>(1, kBufferBytes / stride);
  std::vector<std::byte> buffer(std::min<std::uint64_t>(most, out.size() / width) * stride);
  while (!out.empty()) {
    const std::uint64_t pieces = std::min<std::uint64_t>(most, out.size() / width);
    const auto bytes = std::span(buffer).first((pieces - 1) * stride + width);
    read(offset, bytes);
    formats::copy_strided(bytes.data(), stride, width, out.first(pieces * width));
    out = out.subspan(pieces * width);
    offset += pieces * stride;
  }
}

}  // namespace modyn

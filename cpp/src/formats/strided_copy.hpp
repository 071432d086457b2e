// Copies pieces of memory that lie at equal distances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace modyn::formats {

template <std::size_t Width>
void copy_strided(const std::byte* from, std::uint64_t stride, std::span<std::byte> out) noexcept {
  std::byte* to = out.data();
  for (std::size_t left = out.size() / Width; left > 0; --left, from += stride, to += Width) {
    std::memcpy(to, from, Width);
  }
}

// Fills `out` with pieces of `width` bytes: the first is at `from`, each next one `stride` bytes further.
inline void copy_strided(const std::byte* from, std::uint64_t stride, std::uint64_t width,
                         std::span<std::byte> out) noexcept {
  switch (width) {
    case 1:
      return copy_strided<1>(from, stride, out);
    case 2:
      return copy_strided<2>(from, stride, out);
    case 4:
      return copy_strided<4>(from, stride, out);
    case 8:
      return copy_strided<8>(from, stride, out);
    default:
      for (; !out.empty(); out = out.subspan(width), from += stride) std::memcpy(out.data(), from, width);
  }
}

}  // namespace modyn::formats

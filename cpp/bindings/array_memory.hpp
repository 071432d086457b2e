// The memory of arrays that go to Python.
//
// A fresh large array costs more than what is copied into it: the kernel has to hand out and clear its
// pages at the first touch. So large ones lie on huge pages where the system has them, and when Python lets go
// of one, its memory is kept for the next, up to a bound for the whole process.
#pragma once

#include <cstddef>
#include <memory>

namespace modyn::bindings {

// Arrays of fewer bytes come from malloc. It keeps memory, too, but returns what is free at the end of its heap, so who
// asks for three arrays of half a megabyte again and again may get fresh pages each time.
inline constexpr std::size_t kKeptArray = std::size_t{64} << 10;
// Arrays of so many bytes lie on huge pages.
inline constexpr std::size_t kHugeArray = std::size_t{1} << 20;
// At most so many bytes are kept for later, in so many blocks.
inline constexpr std::size_t kMaxKeptBytes = std::size_t{128} << 20;
inline constexpr std::size_t kMaxKeptBlocks = 256;

struct ReturnArrayMemory {
  void operator()(void* memory) const noexcept;
};
using ArrayMemory = std::unique_ptr<void, ReturnArrayMemory>;

// Uninitialised. Throws std::bad_alloc.
[[nodiscard]] ArrayMemory allocate_array(std::size_t bytes);

}  // namespace modyn::bindings

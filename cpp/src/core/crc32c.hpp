// CRC-32C (Castagnoli), the checksum of every file that Modyn writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace modyn::core {

// The checksum of `bytes`, or of what came before (checksum `previous`) followed by `bytes`.
// Uses the processor's instruction where there is one.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous = 0) noexcept;

// One checksum for each block of `block_bytes`; the last block may be shorter. `checksums` has one
// element for each block. Several blocks are computed at once, so this is faster than a loop.
void crc32c_blocks(std::span<const std::byte> bytes, std::size_t block_bytes,
                   std::span<std::uint32_t> checksums) noexcept;

// The two implementations, for their tests. `crc32c_hardware` may be called only if there is hardware.
[[nodiscard]] bool crc32c_has_hardware() noexcept;
[[nodiscard]] std::uint32_t crc32c_hardware(std::span<const std::byte> bytes, std::uint32_t previous) noexcept;
[[nodiscard]] std::uint32_t crc32c_table(std::span<const std::byte> bytes, std::uint32_t previous) noexcept;

}  // namespace modyn::core

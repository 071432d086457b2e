// CRC-32C by carry-less multiplication of 64 bytes at a time, on processors that have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace modyn::core {

[[nodiscard]] bool crc32c_has_wide() noexcept;

// Continues checksum `previous` over the longest beginning of `bytes` that this is made for, and drops that
// from `bytes`. Only if crc32c_has_wide().
[[nodiscard]] std::uint32_t crc32c_wide(std::span<const std::byte>& bytes, std::uint32_t previous) noexcept;

}  // namespace modyn::core

// Names that nobody else has: for identities and temporary files, never for anything that a run computes.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace modyn::core {

// 128 bits from the operating system.
using RandomId = std::array<std::byte, 16>;
[[nodiscard]] RandomId random_id();

// Two hexadecimal digits for each byte.
[[nodiscard]] std::string hexadecimal(std::span<const std::byte> bytes);

// 16 hexadecimal digits (64 bits) from the operating system.
[[nodiscard]] std::string random_hex();

}  // namespace modyn::core

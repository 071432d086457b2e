// The fingerprint of a source file: cheap evidence that its ingested bytes are still the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "core/file.hpp"

namespace modyn::core {

// XXH64 (Yann Collet's public specification) of `bytes`.
[[nodiscard]] std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed) noexcept;

// The fingerprint of a file's first `length` bytes: XXH64, seeded with the length, of the whole if
// it has at most 32 KiB, else of 8 evenly spaced blocks of 4 KiB, the first and the last included.
// So an append never changes the fingerprint of what was there, a changed length always does, and a
// change between the blocks is left to size and mtime to show. Nothing if the file is shorter.
[[nodiscard]] std::optional<std::uint64_t> fingerprint(const Descriptor& file, std::uint64_t length,
                                                       const std::filesystem::path& path);

}  // namespace modyn::core

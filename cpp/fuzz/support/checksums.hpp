// Makes mutated column files pass their checksums, so that fuzzing reaches what lies behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace modyn::fuzz {

// Writes header magic, checksum table and footer over the bytes as they would belong to a column file
// of this length. Returns the length of the file, at most that of `bytes`; 0 if no file is so short.
[[nodiscard]] std::size_t repair_column_file(std::span<std::byte> bytes);

// What a custom mutator of libFuzzer does for column files: mutates, and repairs in seven of eight cases.
[[nodiscard]] std::size_t mutate_column_file(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

}  // namespace modyn::fuzz

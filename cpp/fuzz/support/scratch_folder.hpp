// A folder in memory for parsers that open files by name; one for each process, removed at its end.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace modyn::fuzz {

[[nodiscard]] const std::filesystem::path& scratch_folder();

// Replaces the file below the scratch folder, in place.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace modyn::fuzz

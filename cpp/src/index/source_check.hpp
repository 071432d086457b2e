// Compares source files with what was ingested of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "modyn/check.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// What is wrong with the file at `path`; nothing if its ingested bytes are as they were.
[[nodiscard]] std::optional<std::string> find_change(const SourceFile& recorded, const std::filesystem::path& path);

// Which findings speak of files that are out of use: nothing of their samples is left, and a later file has the same
// path, or they are logs of ours. `files` are the numbers of the findings' files, ascending; returns one flag for each.
[[nodiscard]] std::vector<bool> out_of_use(const Index& index, const std::vector<std::uint32_t>& files);

}  // namespace modyn::index

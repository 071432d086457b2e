// The companions of source files as they are now, for who compares them with what was ingested.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "modyn/index.hpp"

namespace modyn::ingest {

// Gives the stamp of a file's companion (SourceFile::companion), 0 if there is none. Nothing if the format, whose text
// this is, has no companions. `file_extension` is that of the source files.
[[nodiscard]] std::function<std::uint64_t(const SourceFile&)> companion_stamps(const std::filesystem::path& root,
                                                                               std::string_view format,
                                                                               const std::string& file_extension);

}  // namespace modyn::ingest

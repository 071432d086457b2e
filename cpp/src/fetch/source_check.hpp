// The judgement whether a source file is still what was ingested.
#pragma once

#include <filesystem>
#include <string>

#include "core/file.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

// Opens the file at `path` for reading, whatever it is. kSourceChanged if it is missing, no regular file
// or shorter than the ingested bytes; kIo if it cannot be opened.
[[nodiscard]] core::Descriptor open_source(const SourceFile& source, const std::filesystem::path& path);

// Whether size and modification time are those that were ingested. Only they count: a copy of the
// dataset elsewhere has other inodes.
[[nodiscard]] inline bool is_untouched(const SourceFile& source, const core::FileStatus& status) noexcept {
  return status.size == source.size && status.mtime_ns == source.mtime_ns;
}

// Returns if a touched file has only grown: it is longer than it was (unless it is one of ours) and the
// fingerprint of its ingested bytes still matches. Else kSourceChanged. Files of formats without fingerprints must not
// grow.
void check_growth(const SourceFile& source, const std::filesystem::path& path, const core::Descriptor& file,
                  const core::FileStatus& status);

[[noreturn]] void throw_changed(const std::filesystem::path& path, const std::string& what);

}  // namespace modyn::fetch

// The files below a dataset's root that are its data.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "ingest/problem.hpp"

namespace modyn::ingest {

struct FoundFile {
  std::string path;  // relative to the root
  core::FileStatus status;
};

struct Found {
  std::vector<FoundFile> files;   // by the bytes of their paths
  std::vector<Problem> problems;  // folders and files that cannot be data, though they look like it
};

// Regular files below `root` whose names end with `extension`.
//
// Passed over: names that begin with '.' or '~' (hidden and temporary files; a producer that writes
// under another ending and renames needs no such name) and the folder `excluded`. Links to files
// are followed if they stay below the root. Links to folders are not followed: they could go round
// in circles. kIo if the root cannot be read.
[[nodiscard]] Found walk(const std::filesystem::path& root, const std::string& extension,
                         const std::filesystem::path& excluded);

}  // namespace modyn::ingest

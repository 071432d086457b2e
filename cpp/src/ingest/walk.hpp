// The files below a dataset's root that are its data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "ingest/known_files.hpp"
#include "ingest/problem.hpp"
#include "ingest/source_folder.hpp"

namespace modyn::ingest {

struct FoundFile {
  std::string path;  // relative to the root
  core::FileStatus status;
  std::uint64_t companion = 0;  // companion_stamp, 0 if there is none
};

struct Found {
  std::vector<FoundFile> files;   // those that the filter did not take, by the bytes of their paths
  std::vector<Problem> problems;  // folders and files that cannot be data, though they look like it
  std::uint64_t filtered = 0;     // files that the filter took
};

struct WalkOptions {
  std::string extension;
  std::string companion_extension;  // empty if files have no companions
  std::filesystem::path excluded;   // a folder that is passed over
  unsigned threads = 0;
};

// Says of a file whether nothing is to be done with it. Called by several threads.
using WalkFilter = std::function<bool(const KnownFiles::Folder& folder, std::string_view name,
                                      const core::FileStatus& status, std::uint64_t companion)>;

// Regular files below `root` whose names end with `extension`.
//
// Passed over: names that begin with '.' or '~' (hidden and temporary files; a producer that writes
// under another ending and renames needs no such name) and the folder `excluded`. Links to files
// are followed if they stay below the root. Links to folders are not followed: they could go round
// in circles. The result does not depend on the threads. kIo if the root cannot be read.
[[nodiscard]] Found walk(const SourceFolder& source, const WalkOptions& options, const WalkFilter& filter = {});

}  // namespace modyn::ingest

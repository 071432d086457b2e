// Why a file was not taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/file.hpp"
#include "modyn/ingest.hpp"

namespace modyn::ingest {

struct Problem {
  QuarantinedFile file;
  std::uint64_t companion = 0;  // the stamp of the file's companion when it was judged
};

[[nodiscard]] inline Problem make_problem(std::string path, const core::FileStatus& status, std::string reason,
                                          Retry retry = Retry::kAlways, std::uint64_t companion = 0) {
  return {{std::move(path), std::move(reason), status.size, status.mtime_ns, retry}, companion};
}

inline void sort_by_path(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {},
                           [](const Problem& problem) -> const std::string& { return problem.file.path; });
}

}  // namespace modyn::ingest

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

// When a quarantined file is read again. What its status shows is looked at in every scan anyway.
enum class Retry : std::uint8_t {
  kAlways = 0,
  kWhenChanged = 1,  // its content is wrong: reading the same bytes again would find the same
};

struct Problem {
  QuarantinedFile file;
  Retry retry = Retry::kAlways;
};

[[nodiscard]] inline Problem make_problem(std::string path, const core::FileStatus& status, std::string reason,
                                          Retry retry = Retry::kAlways) {
  return {{std::move(path), std::move(reason), status.size, status.mtime_ns}, retry};
}

inline void sort_by_path(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {},
                           [](const Problem& problem) -> const std::string& { return problem.file.path; });
}

}  // namespace modyn::ingest

// How much of what was pushed an index does not hold yet.
#include <cstdint>
#include <map>
#include <string>

#include "index/index_state.hpp"
#include "modyn/push.hpp"

namespace modyn {
namespace {

// Where the index's part of each log ends, by the log's path.
std::map<std::string, std::uint64_t, std::less<>> sealed_ends(const Index& index) {
  std::map<std::string, std::uint64_t, std::less<>> ends;
  for (const auto& segment : index.state().segments) {
    if (!segment->files().owned.present()) continue;
    for (std::uint32_t row = 0; row < segment->entry().files; ++row) {
      if (segment->files().owned[row] == 0) continue;
      const SourceFile file = index.source_file(segment->entry().first_file + row);
      ends.emplace(file.path, file.ingested_bytes);
    }
  }
  return ends;
}

}  // namespace

std::uint64_t waiting_samples(const Index& index, double lock_timeout_s) {
  const std::filesystem::path& dataset = index.state().dataset;
  const auto logs = pushed_logs(dataset, lock_timeout_s);
  if (logs.empty()) return 0;
  const auto ends = sealed_ends(index);
  std::uint64_t waiting = 0;
  for (const PushedLog& log : logs) {
    const auto end = ends.find(log.path);
    waiting += samples_behind(dataset, log, end == ends.end() ? log.begin : end->second);
  }
  return waiting;
}

}  // namespace modyn

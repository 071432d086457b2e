#include "index/source_check.hpp"

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include <sys/stat.h>

#include "core/file.hpp"
#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "index/index_state.hpp"
#include "index/retirement.hpp"

namespace modyn::index {

std::optional<std::string> find_change(const SourceFile& recorded, const std::filesystem::path& path) {
  struct stat found{};
  if (!core::try_stat(path.native(), found)) {
    const bool gone = errno == ENOENT || errno == ENOTDIR;
    return gone ? "it vanished" : "it cannot be reached: " + core::reason_of(errno);
  }
  if (!S_ISREG(found.st_mode)) return "it is no longer a regular file";
  const core::FileStatus status = core::file_status(found);
  if (status.size < recorded.ingested_bytes) {
    return "it shrank to " + core::grouped(status.size) + " bytes, " + core::grouped(recorded.ingested_bytes) +
           " were ingested";
  }
  if (status.size == recorded.size && status.mtime_ns == recorded.mtime_ns) return std::nullopt;
  if (recorded.owned) return std::nullopt;  // a log of ours grows; its frames have checksums
  if (recorded.fingerprint == 0) return "it was changed since it was ingested";
  try {
    if (core::fingerprint(core::open_for_reading(path), recorded.ingested_bytes, path) == recorded.fingerprint) {
      return std::nullopt;
    }
  } catch (const Error& error) {
    return std::string("it cannot be compared: ") + error.what();
  }
  return "it was changed within its " + core::grouped(recorded.ingested_bytes) + " ingested bytes";
}

std::vector<bool> out_of_use(const Index& index, const std::vector<std::uint32_t>& files) {
  std::unordered_map<std::string, std::uint32_t> latest;
  for (const std::uint32_t file : files) latest[index.source_file(file).path] = file;
  for (std::uint32_t file = files.empty() ? index.source_files() : files.front(); file < index.source_files(); ++file) {
    const Segment& segment = index.state().segment_of_file(file);
    const auto known = latest.find(segment.path(file - segment.entry().first_file));
    if (known != latest.end()) known->second = std::max(known->second, file);
  }
  std::vector<bool> flags;
  for (const std::uint32_t file : files) {
    const SourceFile recorded = index.source_file(file);
    // A log of ours is removed when nothing of it is left.
    flags.push_back((recorded.owned || latest.at(recorded.path) > file) && is_wholly_deleted(index, file));
  }
  return flags;
}

}  // namespace modyn::index

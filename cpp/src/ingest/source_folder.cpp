#include "ingest/source_folder.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/fingerprint.hpp"
#include "core/message.hpp"

namespace modyn::ingest {

SourceFolder::SourceFolder(const std::filesystem::path& root)
    : root_(root), descriptor_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!descriptor_.is_open()) core::throw_system_error("open the dataset's root", root, errno);
}

core::Descriptor SourceFolder::try_open(std::string_view path, int flags) const {
  core::Descriptor folder;
  int at = descriptor_.number();
  // A path that is too long for one call is walked in parts, each ending with a folder.
  while (path.size() >= PATH_MAX) {
    const std::size_t slash = path.rfind('/', PATH_MAX - 1);
    if (slash == std::string_view::npos || slash == 0) {
      errno = ENAMETOOLONG;
      return {};
    }
    folder =
        core::Descriptor(::openat(at, std::string(path.substr(0, slash)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return {};
    at = folder.number();
    path.remove_prefix(slash + 1);
  }
  const std::string rest(path.empty() ? "." : path);
  return core::Descriptor(::openat(at, rest.c_str(), flags | O_CLOEXEC));
}

core::Descriptor SourceFolder::open(std::string_view path) const {
  core::Descriptor file = try_open(path, O_RDONLY);
  if (!file.is_open()) core::throw_system_error("open", root_ / path, errno);
  return file;
}

bool SourceFolder::try_stat(std::string_view path, struct stat& status) const {
  if (path.size() < PATH_MAX) return ::fstatat(descriptor_.number(), std::string(path).c_str(), &status, 0) == 0;
  const core::Descriptor file = try_open(path, O_PATH);
  return file.is_open() && ::fstat(file.number(), &status) == 0;
}

std::uint64_t companion_stamp(const core::FileStatus& status) noexcept {
  const std::array<std::uint64_t, 3> words{status.size, static_cast<std::uint64_t>(status.mtime_ns), status.inode};
  const std::uint64_t stamp = core::xxh64(std::as_bytes(std::span(words)), 0);
  return stamp == 0 ? 1 : stamp;
}

std::string companion_path(std::string_view path, std::string_view extension, std::string_view companion_extension) {
  if (path.ends_with(extension)) path.remove_suffix(extension.size());
  return std::string(path) + std::string(companion_extension);
}

}  // namespace modyn::ingest

#include "ingest/source_folder.hpp"

#include <array>
#include <cerrno>
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
  return core::try_open(path, flags, &descriptor_);
}

core::Descriptor SourceFolder::open(std::string_view path) const {
  core::Descriptor file = try_open(path, O_RDONLY);
  if (!file.is_open()) core::throw_system_error("open", root_ / path, errno);
  return file;
}

bool SourceFolder::try_stat(std::string_view path, struct stat& status) const {
  return core::try_stat(path, status, &descriptor_);
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

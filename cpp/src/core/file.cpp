#include "core/file.hpp"

#include <cerrno>
#include <climits>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn::core {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::close() noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

FileStatus file_status(const struct stat& status) noexcept {
#if defined(__APPLE__)
  const timespec modified = status.st_mtimespec;
#else
  const timespec modified = status.st_mtim;
#endif
  return {static_cast<std::uint64_t>(status.st_size),
          static_cast<std::int64_t>(modified.tv_sec) * 1'000'000'000 + static_cast<std::int64_t>(modified.tv_nsec),
          static_cast<std::uint64_t>(status.st_ino)};
}

FileStatus file_status(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) throw_system_error("read the status of", path, errno);
  return file_status(status);
}

Descriptor try_open(std::string_view path, int flags, const Descriptor* at) {
  Descriptor folder;
  int from = at == nullptr ? AT_FDCWD : at->number();
  // A path that is too long for one call is walked in parts, each ending with a folder.
  while (path.size() >= PATH_MAX) {
    const std::size_t slash = path.rfind('/', PATH_MAX - 1);
    if (slash == std::string_view::npos || slash == 0) {
      errno = ENAMETOOLONG;
      return {};
    }
    folder = Descriptor(::openat(from, std::string(path.substr(0, slash)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return {};
    from = folder.number();
    path.remove_prefix(slash + 1);
  }
  const std::string rest(path.empty() ? "." : path);
  return Descriptor(::openat(from, rest.c_str(), flags | O_CLOEXEC));
}

bool try_stat(std::string_view path, struct stat& status, const Descriptor* at) {
  if (path.size() < PATH_MAX) {
    return ::fstatat(at == nullptr ? AT_FDCWD : at->number(), std::string(path).c_str(), &status, 0) == 0;
  }
#if defined(O_PATH)
  const Descriptor file = try_open(path, O_PATH, at);
#else
  const Descriptor file = try_open(path, O_RDONLY | O_NONBLOCK, at);
#endif
  return file.is_open() && ::fstat(file.number(), &status) == 0;
}

Descriptor open_for_reading(const std::filesystem::path& path) {
  Descriptor file = try_open(path.native(), O_RDONLY);
  if (!file.is_open()) throw_system_error("open", path, errno);
  return file;
}

std::size_t read_at(const Descriptor& file, std::uint64_t offset, std::span<std::byte> out,
                    const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count =
        ::pread(file.number(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      throw_system_error("read", path, errno);
    }
  }
  return done;
}

void write_at(const Descriptor& file, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    } else if (errno != EINTR) {
      throw_system_error("write", path, errno);
    }
  }
}

void write_all(const Descriptor& file, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.number(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      throw_system_error("write", path, errno);
    }
  }
}

void sync_file(const Descriptor& file, const std::filesystem::path& path) {
#if defined(__APPLE__)
  if (::fcntl(file.number(), F_FULLFSYNC) == 0) return;  // some file systems do not know it
#endif
  if (::fsync(file.number()) != 0) throw_system_error("write to disk", path, errno);
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) throw_system_error("open folder", folder, errno);
  // Some network file systems have nothing to do here and say so with EINVAL.
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL) throw_system_error("write to disk folder", folder, errno);
}

void create_folders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  const std::filesystem::path parent = folder.parent_path();
  if (parent != folder) create_folders(parent);
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) throw_system_error("create folder", folder, errno);
  if (!std::filesystem::is_directory(folder)) throw_system_error("create folder", folder, ENOTDIR);
  sync_folder(parent.empty() ? std::filesystem::path(".") : parent);
}

MappedFile::MappedFile(const std::filesystem::path& path) : MappedFile(open_for_reading(path), path) {}

MappedFile::MappedFile(const Descriptor& file, const std::filesystem::path& path) {
  const std::size_t size = file_status(file, path).size;
  if (size == 0) return;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (address == MAP_FAILED) throw_system_error("map", path, errno);
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace modyn::core

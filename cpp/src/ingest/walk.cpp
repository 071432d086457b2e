#include "ingest/walk.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/message.hpp"

namespace modyn::ingest {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

struct FolderIdentity {
  dev_t device;
  ino_t inode;
  friend bool operator==(const FolderIdentity&, const FolderIdentity&) = default;
};

class Walker {
 public:
  Walker(const std::filesystem::path& root, const std::string& extension, const std::filesystem::path& excluded)
      : root_(root), extension_(extension), root_descriptor_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!root_descriptor_.is_open()) core::throw_system_error("open the dataset's root", root, errno);
    struct stat status{};
    if (::stat(excluded.c_str(), &status) == 0) excluded_ = FolderIdentity{status.st_dev, status.st_ino};
    std::error_code error;
    real_root_ = std::filesystem::canonical(root, error);
    if (error) core::throw_system_error("resolve the dataset's root", root, error.value());
  }

  Found run() {
    // A list instead of recursion: the depth of folders is limited by neither stack nor open files.
    folders_.push_back("");
    while (!folders_.empty()) {
      const std::string folder = std::move(folders_.back());
      folders_.pop_back();
      read_folder(folder);
    }
    std::ranges::sort(found_.files, {}, &FoundFile::path);
    sort_by_path(found_.problems);
    return std::move(found_);
  }

 private:
  void read_folder(const std::string& path) {
    core::Descriptor descriptor(::openat(root_descriptor_.number(), path.empty() ? "." : path.c_str(),
                                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!descriptor.is_open() || ::fstat(descriptor.number(), &status) != 0) {
      if (errno != ENOENT) add_problem(path, {}, "folder cannot be read: " + core::reason_of(errno));
      return;
    }
    if (!path.empty() && excluded_ == FolderIdentity{status.st_dev, status.st_ino}) return;
    const Folder folder(::fdopendir(descriptor.number()));
    if (!folder) core::throw_system_error("list folder", root_ / path, errno);
    static_cast<void>(descriptor.release());
    errno = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
      read_entry(path, *entry, ::dirfd(folder.get()));
      errno = 0;
    }
    if (errno != 0) add_problem(path, {}, "folder cannot be read: " + core::reason_of(errno));
  }

  void read_entry(const std::string& folder, const dirent& entry, int descriptor) {
    const std::string_view name = entry.d_name;
    if (name.starts_with('.') || name.starts_with('~')) return;
    std::string path = folder.empty() ? std::string(name) : folder + "/" + std::string(name);
    if (entry.d_type == DT_DIR) {
      folders_.push_back(std::move(path));
      return;
    }
    const bool is_data = name.ends_with(extension_);
    if (entry.d_type == DT_REG && !is_data) return;
    struct stat status{};
    if (::fstatat(descriptor, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // A file that vanished between listing and looking was never here.
      if (errno != ENOENT && is_data) add_problem(path, {}, "cannot be read: " + core::reason_of(errno));
    } else if (S_ISDIR(status.st_mode)) {
      folders_.push_back(std::move(path));
    } else if (S_ISLNK(status.st_mode)) {
      read_link(std::move(path), status, entry.d_name, descriptor, is_data);
    } else if (is_data && S_ISREG(status.st_mode)) {
      found_.files.push_back({std::move(path), core::file_status(status)});
    } else if (is_data) {
      add_problem(std::move(path), core::file_status(status), "is not a regular file");
    }
  }

  void read_link(std::string path, const struct stat& link, const char* name, int descriptor, bool is_data) {
    struct stat target{};
    if (::fstatat(descriptor, name, &target, 0) != 0) {
      if (is_data) add_problem(std::move(path), core::file_status(link), "is a link that leads nowhere");
    } else if (S_ISDIR(target.st_mode)) {
      add_problem(std::move(path), core::file_status(link), "is a link to a folder; such links are not followed");
    } else if (is_data && !S_ISREG(target.st_mode)) {
      add_problem(std::move(path), core::file_status(link), "is a link to what is not a regular file");
    } else if (is_data && !stays_below_root(path)) {
      add_problem(std::move(path), core::file_status(link), "is a link that leaves the dataset's root");
    } else if (is_data) {
      found_.files.push_back({std::move(path), core::file_status(target)});
    }
  }

  [[nodiscard]] bool stays_below_root(const std::string& path) const {
    std::error_code error;
    const auto real = std::filesystem::canonical(root_ / path, error);
    if (error) return false;
    const auto [end, rest] = std::ranges::mismatch(real_root_, real);
    return end == real_root_.end();
  }

  void add_problem(std::string path, const core::FileStatus& status, const std::string& what) {
    std::string reason = core::quoted(path.empty() ? "." : path) + " " + what;
    found_.problems.push_back(make_problem(std::move(path), status, std::move(reason)));
  }

  std::filesystem::path root_;
  std::filesystem::path real_root_;
  std::string extension_;
  core::Descriptor root_descriptor_;
  std::optional<FolderIdentity> excluded_;
  std::vector<std::string> folders_;
  Found found_;
};

}  // namespace

Found walk(const std::filesystem::path& root, const std::string& extension, const std::filesystem::path& excluded) {
  return Walker(root, extension, excluded).run();
}

}  // namespace modyn::ingest

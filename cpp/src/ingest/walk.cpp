#include "ingest/walk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/message.hpp"
#include "core/thread_pool.hpp"

namespace modyn::ingest {
namespace {

// Folders that are open at a time, and names that one thread looks at in one go: a folder of a
// million files is looked at by all threads.
constexpr std::size_t kOpenFolders = 64;
constexpr std::size_t kNamesPerTask = 512;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

struct FolderIdentity {
  dev_t device;
  ino_t inode;
  friend bool operator==(const FolderIdentity&, const FolderIdentity&) = default;
};

// A folder and the names in it that may be of interest.
struct OpenFolder {
  struct Name {
    std::uint32_t offset;  // in `names`, ended by a zero
    std::uint32_t length;
    bool is_data;      // by its ending
    bool may_be_link;  // or of a kind that is not known
  };

  explicit OpenFolder(std::string folder_path) : path(std::move(folder_path)) {}

  std::string path;
  std::unique_ptr<DIR, CloseFolder> folder;
  std::vector<std::string> folders;  // paths of those in it that are known to be folders
  std::string names;
  std::vector<Name> files;
  std::vector<Problem> problems;
};

// What one task finds.
struct Part {
  std::vector<FoundFile> files;
  std::vector<Problem> problems;
  std::vector<std::string> folders;
  std::uint64_t filtered = 0;
};

std::string path_in(const std::string& folder, std::string_view name) {
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  if (!folder.empty()) path.append(folder).append(1, '/');
  return path.append(name);
}

Problem problem_of(std::string path, const core::FileStatus& status, const std::string& what) {
  std::string reason = core::quoted(path.empty() ? "." : path) + " " + what;
  return make_problem(std::move(path), status, std::move(reason));
}

class Walker {
 public:
  Walker(const SourceFolder& source, const WalkOptions& options, const WalkFilter& filter)
      : source_(source), options_(options), filter_(filter) {
    struct stat status{};
    if (::stat(options.excluded.c_str(), &status) == 0) excluded_ = FolderIdentity{status.st_dev, status.st_ino};
    std::error_code error;
    real_root_ = std::filesystem::canonical(source.root(), error);
    if (error) core::throw_system_error("resolve the dataset's root", source.root(), error.value());
  }

  Found run() {
    // A list instead of recursion: the depth of folders is limited by neither stack nor open files.
    folders_.emplace_back("");
    while (!folders_.empty()) {
      std::vector<OpenFolder> open;
      for (; !folders_.empty() && open.size() < kOpenFolders; folders_.pop_front()) {
        open.emplace_back(std::move(folders_.front()));
      }
      read_folders(open);
    }
    std::ranges::sort(found_.files, {}, &FoundFile::path);
    sort_by_path(found_.problems);
    return std::move(found_);
  }

 private:
  struct Task {
    const OpenFolder* folder;
    std::size_t first;
  };

  void read_folders(std::vector<OpenFolder>& open) {
    core::ThreadPool& pool = core::ThreadPool::shared();
    const unsigned threads = core::thread_count(options_.threads);
    pool.for_each(open.size(), threads, [&](std::size_t i) { list(open[i]); });
    std::vector<Task> tasks;
    for (OpenFolder& folder : open) {
      std::ranges::move(folder.folders, std::back_inserter(folders_));
      std::ranges::move(folder.problems, std::back_inserter(found_.problems));
      for (std::size_t first = 0; first < folder.files.size(); first += kNamesPerTask)
        tasks.push_back({&folder, first});
    }
    std::vector<Part> parts(tasks.size());
    pool.for_each(tasks.size(), threads, [&](std::size_t i) { look_at(tasks[i], parts[i]); });
    for (Part& part : parts) {
      std::ranges::move(part.files, std::back_inserter(found_.files));
      std::ranges::move(part.problems, std::back_inserter(found_.problems));
      std::ranges::move(part.folders, std::back_inserter(folders_));
      found_.filtered += part.filtered;
    }
  }

  void list(OpenFolder& folder) const {
    core::Descriptor descriptor = source_.try_open(folder.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    struct stat status{};
    if (!descriptor.is_open() || ::fstat(descriptor.number(), &status) != 0) {
      if (errno != ENOENT) folder.problems.push_back(unreadable(folder.path));
      return;
    }
    if (!folder.path.empty() && excluded_ == FolderIdentity{status.st_dev, status.st_ino}) return;
    folder.folder.reset(::fdopendir(descriptor.number()));
    if (!folder.folder) core::throw_system_error("list folder", source_.root() / folder.path, errno);
    static_cast<void>(descriptor.release());
    errno = 0;
    while (const dirent* entry = ::readdir(folder.folder.get())) {
      note(folder, *entry);
      errno = 0;
    }
    if (errno != 0) folder.problems.push_back(unreadable(folder.path));
  }

  [[nodiscard]] static Problem unreadable(const std::string& path) {
    return problem_of(path, {}, "folder cannot be read: " + core::reason_of(errno));
  }

  void note(OpenFolder& folder, const dirent& entry) const {
    if (entry.d_name[0] == '.' || entry.d_name[0] == '~') return;
    const std::string_view name = entry.d_name;
    if (entry.d_type == DT_DIR) {
      folder.folders.push_back(path_in(folder.path, name));
      return;
    }
    const bool is_data = name.ends_with(options_.extension);
    if (entry.d_type == DT_REG && !is_data) return;
    folder.files.push_back({static_cast<std::uint32_t>(folder.names.size()), static_cast<std::uint32_t>(name.size()),
                            is_data, entry.d_type != DT_REG});
    folder.names.append(name).append(1, '\0');
  }

  void look_at(const Task& task, Part& part) const {
    const OpenFolder& folder = *task.folder;
    const KnownFiles::Folder key(folder.path);
    const int descriptor = ::dirfd(folder.folder.get());
    const std::size_t end = std::min(folder.files.size(), task.first + kNamesPerTask);
    for (std::size_t i = task.first; i < end; ++i) look_at(folder, key, folder.files[i], descriptor, part);
  }

  void look_at(const OpenFolder& folder, const KnownFiles::Folder& key, const OpenFolder::Name& entry, int descriptor,
               Part& part) const {
    const char* const name = folder.names.data() + entry.offset;
    const std::string_view text(name, entry.length);
    const auto path = [&] { return path_in(folder.path, text); };
    struct stat status{};
    if (::fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // A file that vanished between listing and looking was never here.
      if (errno != ENOENT && entry.is_data) {
        part.problems.push_back(problem_of(path(), {}, "cannot be read: " + core::reason_of(errno)));
      }
      return;
    }
    if (S_ISDIR(status.st_mode)) {
      part.folders.push_back(path());
      return;
    }
    if (S_ISLNK(status.st_mode)) {
      const core::FileStatus link = core::file_status(status);
      if (const std::string wrong = follow(path(), name, descriptor, entry.is_data, status); !wrong.empty()) {
        part.problems.push_back(problem_of(path(), link, wrong));
        return;
      }
    } else if (entry.is_data && !S_ISREG(status.st_mode)) {
      part.problems.push_back(problem_of(path(), core::file_status(status), "is not a regular file"));
      return;
    }
    if (!entry.is_data) return;
    const core::FileStatus found = core::file_status(status);
    const std::uint64_t companion = companion_of(text, descriptor);
    if (filter_ && filter_(key, text, found, companion)) {
      ++part.filtered;
    } else {
      part.files.push_back({path(), found, companion});
    }
  }

  // The status of what a link leads to; what is wrong with it, if something is.
  std::string follow(const std::string& path, const char* name, int descriptor, bool is_data,
                     struct stat& status) const {
    if (::fstatat(descriptor, name, &status, 0) != 0) return is_data ? "is a link that leads nowhere" : "";
    if (S_ISDIR(status.st_mode)) return "is a link to a folder; such links are not followed";
    if (!is_data) return "";
    if (!S_ISREG(status.st_mode)) return "is a link to what is not a regular file";
    return stays_below_root(path) ? "" : "is a link that leaves the dataset's root";
  }

  [[nodiscard]] bool stays_below_root(const std::string& path) const {
    std::error_code error;
    const auto real = std::filesystem::canonical(source_.root() / path, error);
    if (error) return false;
    const auto [end, rest] = std::ranges::mismatch(real_root_, real);
    return end == real_root_.end();
  }

  [[nodiscard]] std::uint64_t companion_of(std::string_view name, int descriptor) const {
    if (options_.companion_extension.empty()) return 0;
    const std::string companion = companion_path(name, options_.extension, options_.companion_extension);
    struct stat status{};
    if (::fstatat(descriptor, companion.c_str(), &status, 0) != 0 || !S_ISREG(status.st_mode)) return 0;
    return companion_stamp(core::file_status(status));
  }

  const SourceFolder& source_;
  const WalkOptions& options_;
  const WalkFilter& filter_;
  std::filesystem::path real_root_;
  std::optional<FolderIdentity> excluded_;
  std::deque<std::string> folders_;
  Found found_;
};

}  // namespace

Found walk(const SourceFolder& source, const WalkOptions& options, const WalkFilter& filter) {
  return Walker(source, options, filter).run();
}

}  // namespace modyn::ingest

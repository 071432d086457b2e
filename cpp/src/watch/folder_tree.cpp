#include "watch/folder_tree.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/inotify.h>
#endif

#include "core/message.hpp"
#include "core/network_file_system.hpp"

namespace modyn::watch {

#if defined(__linux__)
namespace {

// A file that is held open and written to is told by IN_MODIFY only, one that is mapped by IN_CLOSE_WRITE only;
// IN_ATTRIB tells of new times and of rights.
constexpr std::uint32_t kMask = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::size_t kBufferBytes = std::size_t{64} << 10U;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

bool counts(std::string_view name) { return !name.starts_with('.') && !name.starts_with('~'); }

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

bool is_folder(int parent, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status{};
  return ::fstatat(parent, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

FolderTree::FolderTree(std::vector<WatchedFolder> roots) {
  for (WatchedFolder& root : roots) roots_.push_back({std::move(root), std::nullopt, std::nullopt});
  open();
}

void FolderTree::open() {
  inotify_ = core::Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  places_.clear();
  watches_.clear();
  if (!inotify_.is_open()) {
    fail("the system gives no watches: " + core::reason_of(errno) +
         (errno == EMFILE ? " (a higher fs.inotify.max_user_instances allows more)" : ""));
    return;
  }
  for (Root& root : roots_) root.identity.reset();
  check_roots();
}

void FolderTree::fail(std::string reason) {
  if (failure_.empty()) failure_ = std::move(reason);
  inotify_ = core::Descriptor();
  places_.clear();
  watches_.clear();
}

std::filesystem::path FolderTree::path_of(const Place& place) const {
  const auto& root = roots_[place.first].folder.path;
  return place.second.empty() ? root : root / place.second;
}

std::optional<FolderTree::Identity> FolderTree::identity_of(const std::filesystem::path& path) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

bool FolderTree::check_roots() {
  bool changed = false;
  for (std::size_t number = 0; number < roots_.size() && failure_.empty(); ++number) {
    Root& root = roots_[number];
    const auto identity = identity_of(root.folder.path);
    if (identity == root.identity) continue;
    changed = true;
    forget({number, ""});
    root.identity = identity;
    root.excluded = identity_of(root.folder.excluded);
    if (identity) add({number, ""});
  }
  return changed;
}

void FolderTree::add(const Place& place) {
  // A list instead of recursion: the depth of folders is limited by neither stack nor open files.
  for (std::vector<Place> left{place}; !left.empty() && failure_.empty();) {
    const Place next = std::move(left.back());
    left.pop_back();
    add_one(next, left);
  }
}

void FolderTree::add_one(const Place& place, std::vector<Place>& below) {
  const auto path = path_of(place);
  const int follow = place.second.empty() ? 0 : O_NOFOLLOW;
  core::Descriptor folder = core::try_open(path.native(), O_RDONLY | O_DIRECTORY | follow);
  struct stat status{};
  // What vanished meanwhile, or may not be entered, is not watched: its parent tells when that changes.
  if (!folder.is_open() || ::fstat(folder.number(), &status) != 0) return;
  const Root& root = roots_[place.first];
  if (!place.second.empty() && root.excluded == Identity{status.st_dev, status.st_ino}) return;
  if (!local_devices_.contains(status.st_dev)) {
    const auto network = core::network_file_system(folder);
    if (network || core::is_on_overlay(folder)) {
      fail(core::quoted(path) + " lies on a file system (" + std::string(network.value_or("overlayfs")) +
           ") that does not tell of all changes");
      return;
    }
    local_devices_.insert(status.st_dev);
  }
  // By the open folder, for its path may be longer than the system takes.
  const std::string opened = "/proc/self/fd/" + std::to_string(folder.number());
  int watch = ::inotify_add_watch(inotify_.number(), opened.c_str(), kMask);
  if (watch < 0 && errno == ENOENT) {  // no /proc
    const std::uint32_t mask = kMask | (place.second.empty() ? 0 : IN_DONT_FOLLOW);
    watch = ::inotify_add_watch(inotify_.number(), path.c_str(), mask);
  }
  if (watch < 0) {
    if (errno == ENOSPC || errno == ENOMEM) {
      fail("the system gives no more than " + core::grouped(std::uint64_t{watches_.size()}) +
           " watches for folders (a higher fs.inotify.max_user_watches allows more)");
    }
    return;
  }
  // A folder that was renamed without our hearing of it has the number of its old place.
  if (const auto old = places_.find(watch); old != places_.end()) watches_.erase(old->second);
  places_[watch] = place;
  watches_[place] = watch;
  list(place, folder.release(), below);  // after the watch: what appears from now on is told
}

void FolderTree::list(const Place& place, int folder, std::vector<Place>& below) {
  const std::unique_ptr<DIR, CloseFolder> entries(::fdopendir(folder));
  if (!entries) {
    ::close(folder);
    return;
  }
  while (const dirent* entry = ::readdir(entries.get())) {
    if (counts(entry->d_name) && is_folder(::dirfd(entries.get()), *entry)) {
      below.emplace_back(place.first, join(place.second, entry->d_name));
    }
  }
}

void FolderTree::forget(const Place& place) {
  const auto drop = [this](auto watch) {
    ::inotify_rm_watch(inotify_.number(), watch->second);
    places_.erase(watch->second);
    return watches_.erase(watch);
  };
  if (place.second.empty()) {
    auto watch = watches_.lower_bound(place);
    while (watch != watches_.end() && watch->first.first == place.first) watch = drop(watch);
    return;
  }
  if (const auto watch = watches_.find(place); watch != watches_.end()) drop(watch);
  const std::string prefix = place.second + "/";
  auto watch = watches_.lower_bound({place.first, prefix});
  while (watch != watches_.end() && watch->first.first == place.first && watch->first.second.starts_with(prefix)) {
    watch = drop(watch);
  }
}

bool FolderTree::take_news() {
  bool changed = false;
  alignas(inotify_event) std::array<char, kBufferBytes> buffer;
  while (failure_.empty()) {
    const ssize_t count = ::read(inotify_.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count) && failure_.empty();) {
      inotify_event event;
      std::memcpy(&event, &buffer[at], sizeof(event));
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        // Folders that appeared may be among what was lost: begin anew.
        open();
        return true;
      }
      // The name is padded with zeros.
      const std::string_view name = event.len == 0 ? "" : &buffer[at + sizeof(event)];
      changed = take(event.wd, event.mask, name) || changed;
      at += sizeof(event) + event.len;
    }
  }
  return changed;
}

bool FolderTree::take(int watch, std::uint32_t mask, std::string_view name) {
  const auto found = places_.find(watch);
  if (found == places_.end()) return false;  // of a folder that was forgotten
  const Place place = found->second;
  if ((mask & IN_IGNORED) != 0) {
    places_.erase(watch);
    if (const auto own = watches_.find(place); own != watches_.end() && own->second == watch) watches_.erase(own);
    if (place.second.empty()) roots_[place.first].identity.reset();
    return place.second.empty();
  }
  if (name.empty()) {
    // The folder itself. Of all but roots, its parent tells too.
    if (place.second.empty() && (mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) roots_[place.first].identity.reset();
    return place.second.empty();
  }
  if (!counts(name)) return false;
  if ((mask & IN_ISDIR) == 0) return name.ends_with(roots_[place.first].folder.ending);
  const Place below{place.first, join(place.second, name)};
  if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) forget(below);
  if ((mask & (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)) != 0) add(below);
  return true;
}

#else

FolderTree::FolderTree(std::vector<WatchedFolder>) : failure_("this system's notifications are not used") {}
bool FolderTree::take_news() { return false; }
bool FolderTree::check_roots() { return false; }

#endif

}  // namespace modyn::watch

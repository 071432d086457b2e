// The folders that a watcher listens to, by inotify.
//
// inotify watches single folders, so the tree is followed by hand: a folder that appears is watched, and then listed
// for what was in it before; one that is moved away is forgotten. A root is looked after by its identity, because
// nobody is told that a folder above it was moved.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "core/file.hpp"
#include "modyn/watch.hpp"

namespace modyn::watch {

class FolderTree {
 public:
  explicit FolderTree(std::vector<WatchedFolder> roots);

  // Readable when there is news; -1 if there never will be.
  [[nodiscard]] int descriptor() const noexcept { return inotify_.number(); }

  // Whether something that counts has happened. Does not wait.
  bool take_news();
  // Whether a root vanished, came back, or is another folder now.
  bool check_roots();

  // Why changes are not told; empty if they are. Once it is set, there is no news any more.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct Root {
    WatchedFolder folder;
    std::optional<Identity> identity;  // of the folder that is watched; none while there is none
    std::optional<Identity> excluded;
  };
  // A folder: the number of its root, and its path below it, empty for the root itself.
  using Place = std::pair<std::size_t, std::string>;

  void open();
  void fail(std::string reason);
  void add(const Place& place);
  void add_one(const Place& place, std::vector<Place>& below);
  void list(const Place& place, int folder, std::vector<Place>& below);
  void forget(const Place& place);
  bool take(int watch, std::uint32_t mask, std::string_view name);
  [[nodiscard]] std::filesystem::path path_of(const Place& place) const;
  [[nodiscard]] static std::optional<Identity> identity_of(const std::filesystem::path& path);

  std::vector<Root> roots_;
  core::Descriptor inotify_;
  std::unordered_map<int, Place> places_;  // by inotify's number of the watch
  std::map<Place, int> watches_;
  std::set<dev_t> local_devices_;
  std::string failure_;
};

}  // namespace modyn::watch

// Watching: when is it worth while to scan a folder again?
//
// Where the operating system tells of changes (inotify), a watcher wakes shortly after one. Where it does not
// - another system, a network file system, too many folders - a watcher only wakes when its time is up, and says
// why. Either way it is a hint: whoever waits bounds the wait, and finds by scanning what no event told.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace modyn {

enum class WatchReason { kChanges, kTimeout, kStop };

// A folder with all below it. Names that begin with '.' or '~' do not count, links to folders are not followed.
struct WatchedFolder {
  std::filesystem::path path;      // may be missing, vanish and come back
  std::string ending;              // only files whose name ends so count; empty: all
  std::filesystem::path excluded;  // a folder below it that does not count; may be empty
};

struct WatchOptions {
  double min_interval_s = 1.0;  // between two kChanges
  double quiet_s = 0.05;        // a burst of changes is over when nothing happens for so long, or after min_interval_s
};

class Watcher {
 public:
  // kInvalidArgument for times that are negative or no numbers.
  Watcher(std::vector<WatchedFolder> folders, const WatchOptions& options);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Until something changed since the last kChanges, `timeout_s` is over, or stop() was called. One thread at a time.
  // What changes during a scan is told by the wait after it.
  [[nodiscard]] WatchReason wait(double timeout_s);

  // Ends this wait and all later ones at once. From any thread, or a signal handler.
  void stop() noexcept;

  // Empty while changes are told; else why they are not, once and for all. After a wait it may have become so.
  [[nodiscard]] const std::string& scans_because() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace modyn

// Where the system tells nothing, or not enough, a watcher says so and lets its time run out.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#endif

#include "modyn/watch.hpp"
#include "support/temporary_folder.hpp"
#include "watch/watched_folder.hpp"

namespace modyn {
namespace {

#if defined(__linux__)

using testing::kLongS;
using testing::kQuick;
using testing::kShortS;
using testing::TemporaryFolder;

constexpr int kImpossible = 77;

// What `work` returns in a child process, which has namespaces of its own.
template <typename Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      code = work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

// Allows this process so many watches, or instances.
bool limit(const char* what, int count) {
  if (::unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream file(std::string("/proc/sys/user/max_inotify_") + what);
  file << count << std::flush;
  return file.good();
}

bool mentions(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  std::fprintf(stderr, "'%s' does not mention '%s'\n", text.c_str(), part.c_str());
  return false;
}

TEST(WatcherLimit, OfWatchesIsSaidOnceItIsReached) {
  const TemporaryFolder folder;
  const int code = in_child([&] {
    if (!limit("watches", 4)) return kImpossible;
    for (int i = 0; i < 2; ++i) std::filesystem::create_directory(folder.path() / std::to_string(i));
    Watcher watcher({{folder.path(), "", ""}}, kQuick);
    if (!watcher.scans_because().empty()) return 2;
    testing::write_text(folder.path() / "1" / "file", "text");
    if (watcher.wait(kLongS) != WatchReason::kChanges) return 3;
    for (int i = 2; i < 6; ++i) std::filesystem::create_directory(folder.path() / std::to_string(i));
    if (watcher.wait(kLongS) != WatchReason::kChanges) return 4;
    if (!mentions(watcher.scans_because(), "no more than 4 watches")) return 5;
    if (!mentions(watcher.scans_because(), "fs.inotify.max_user_watches")) return 6;
    testing::write_text(folder.path() / "1" / "another", "text");
    if (watcher.wait(kShortS) != WatchReason::kTimeout) return 7;
    watcher.stop();
    return watcher.wait(kLongS) == WatchReason::kStop ? 0 : 8;
  });
  if (code == kImpossible) GTEST_SKIP() << "needs a user namespace";
  EXPECT_EQ(code, 0);
}

TEST(WatcherLimit, OfInstancesIsSaid) {
  const TemporaryFolder folder;
  const int code = in_child([&] {
    if (!limit("instances", 0)) return kImpossible;
    Watcher watcher({{folder.path(), "", ""}}, kQuick);
    return mentions(watcher.scans_because(), "fs.inotify.max_user_instances") &&
                   watcher.wait(kShortS) == WatchReason::kTimeout
               ? 0
               : 2;
  });
  if (code == kImpossible) GTEST_SKIP() << "needs a user namespace";
  EXPECT_EQ(code, 0);
}

TEST(WatcherLimit, OfFileSystemsIsSaid) {
  const TemporaryFolder folder;
  const int code = in_child([&] {
    const std::string base = folder.path();
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", base.c_str(), "tmpfs", 0, "size=1m") != 0) {
      return kImpossible;
    }
    for (const char* name : {"/lower", "/upper", "/work", "/root", "/root/local", "/root/mounted"}) {
      std::filesystem::create_directory(base + name);
    }
    Watcher before({{base + "/root", "", ""}}, kQuick);
    if (!before.scans_because().empty()) return 2;
    const std::string layers = "lowerdir=" + base + "/lower,upperdir=" + base + "/upper,workdir=" + base + "/work";
    if (::mount("overlay", (base + "/root/mounted").c_str(), "overlay", 0, layers.c_str()) != 0) return kImpossible;
    Watcher after({{base + "/root", "", ""}}, kQuick);
    return mentions(after.scans_because(), "/root/mounted' lies on a file system (overlayfs)") ? 0 : 3;
  });
  if (code == kImpossible) GTEST_SKIP() << "needs the right to mount file systems";
  EXPECT_EQ(code, 0);
}

#endif

}  // namespace
}  // namespace modyn

// A full disk: an error that says so, nothing half acknowledged, and a log that goes on when there is room again.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#endif

#include "modyn/push.hpp"
#include "push/pushed_samples.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::make_batch;
using testing::TemporaryFolder;

constexpr std::uint64_t kSampleSize = 1000;
constexpr int kImpossible = 77;

// Appends until it fails; then the log must hold what was acknowledged and no more, and small batches that fit go on.
// Returns what to exit with.
int fill(const std::filesystem::path& dataset, const std::string& reason) {
  Appender appender(dataset, {.sample_size = kSampleSize});
  std::int64_t acknowledged = 0;
  std::string message;
  while (message.empty() && acknowledged < 100'000) {
    try {
      appender.append(make_batch(acknowledged, 40, kSampleSize), std::to_string(acknowledged));
      acknowledged += 40;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kIo) return 2;
      message = error.what();
    }
  }
  if (message.find(reason) == std::string::npos || message.find("00000001.log") == std::string::npos) return 3;
  if (testing::pushed_labels(dataset, kSampleSize).size() != static_cast<std::size_t>(acknowledged)) return 4;
  // What fits is still taken; what does not fails again.
  for (int again = 0; again < 3; ++again) {
    try {
      appender.append(make_batch(acknowledged, 40, kSampleSize), std::to_string(acknowledged));
      return 5;
    } catch (const Error&) {
    }
  }
  appender.append(make_batch(acknowledged, 1, kSampleSize), "small");
  verify_pushed(dataset);
  if (testing::pushed_labels(dataset, kSampleSize).size() != static_cast<std::size_t>(acknowledged) + 1) return 6;
  Appender reopened(dataset, {.sample_size = kSampleSize});
  if (!reopened.append(make_batch(acknowledged, 1, kSampleSize), "small").duplicate) return 7;
  return 0;
}

// What `work` returns in a child process.
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

TEST(FullDisk, AtALimitOfTheFileSize) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{700'000, 700'000};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return kImpossible;
              return fill(folder.path(), "File too large");
            }),
            0);
  // Without the limit it goes on.
  Appender appender(folder.path(), {.sample_size = kSampleSize});
  appender.append(make_batch(0, 400, kSampleSize));
  verify_pushed(folder.path());
}

TEST(FullDisk, OfASmallFileSystem) {
#if defined(__linux__)
  const TemporaryFolder folder;
  const int code = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
      return kImpossible;
    }
    return fill(folder.path(), "No space left on device");
  });
  if (code == kImpossible) GTEST_SKIP() << "needs the right to mount a file system";
  EXPECT_EQ(code, 0);
#else
  GTEST_SKIP() << "needs a small file system";
#endif
}

}  // namespace
}  // namespace modyn

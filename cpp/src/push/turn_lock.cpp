#include "push/turn_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>

#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn::push {
namespace {

using Clock = std::chrono::steady_clock;

core::Descriptor open_lock_file(const std::filesystem::path& path) {
  core::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file.is_open()) core::throw_system_error("open lock file", path, errno);
  return file;
}

void lock(const core::Descriptor& file, const std::filesystem::path& path, Clock::time_point deadline,
          double timeout_s) {
  // Short at first, for a group takes no longer than a flush to disk.
  auto pause = std::chrono::microseconds(20);
  while (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) core::throw_system_error("lock", path, errno);
    if (Clock::now() >= deadline) {
      throw Error(ErrorKind::kConflict, "another process has held the lock " + core::quoted(path) + " for more than " +
                                            std::to_string(timeout_s) + " s; wait for it, or stop it");
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(1000));
  }
}

// Explicitly: a process that was forked meanwhile has the same lock, and closing our end would leave it locked.
void unlock(const core::Descriptor& file) noexcept { ::flock(file.number(), LOCK_UN); }

}  // namespace

TurnLock::TurnLock(std::filesystem::path lock, std::filesystem::path turn)
    : lock_path_(std::move(lock)), turn_path_(std::move(turn)) {
  open();
}

TurnLock::~TurnLock() { release(); }

void TurnLock::open() {
  lock_ = open_lock_file(lock_path_);
  turn_ = open_lock_file(turn_path_);
}

bool TurnLock::is_current() const {
  struct stat held{};
  struct stat named{};
  return ::fstat(lock_.number(), &held) == 0 && ::stat(lock_path_.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

bool TurnLock::acquire(double timeout_s) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(std::clamp(timeout_s, 0.0, 1e9)));
  for (bool same = true;; same = false) {
    lock(turn_, turn_path_, deadline, timeout_s);
    try {
      lock(lock_, lock_path_, deadline, timeout_s);
    } catch (...) {
      unlock(turn_);
      throw;
    }
    unlock(turn_);
    if (is_current()) return same;
    release();
    open();
  }
}

void TurnLock::release() noexcept { unlock(lock_); }

}  // namespace modyn::push

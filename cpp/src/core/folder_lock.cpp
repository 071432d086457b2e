#include "core/folder_lock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/crc32c.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn::core {
namespace {

using Clock = std::chrono::steady_clock;

// The content of a lock file: the last epoch claimed and its CRC-32C.
struct EpochRecord {
  std::uint64_t epoch = 0;
  std::uint32_t checksum = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(EpochRecord) == 16);

std::uint32_t checksum_of(std::uint64_t epoch) { return crc32c(std::as_bytes(std::span(&epoch, 1))); }

bool is_same_file(const Descriptor& file, const std::filesystem::path& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(file.number(), &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

Descriptor open_lock_file(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file.is_open()) throw_system_error("open lock file", path, errno);
  return file;
}

// False if somebody else holds the lock.
bool try_lock(const Descriptor& file, const std::filesystem::path& path) {
  if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK && errno != EINTR) throw_system_error("lock", path, errno);
  return false;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& file, double timeout_s) : path_(file) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(std::clamp(timeout_s, 0.0, 1e9)));
  auto pause = std::chrono::milliseconds(1);
  while (true) {
    file_ = open_lock_file(path_);
    // A lock on a file that was removed meanwhile locks out nobody: open the new one.
    if (try_lock(file_, path_)) {
      if (is_same_file(file_, path_)) return;
      continue;
    }
    if (Clock::now() >= deadline) {
      throw Error(ErrorKind::kConflict, "another writer has held the lock " + quoted(path_) + " for more than " +
                                            std::to_string(timeout_s) + " s; wait for it, or stop it");
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
}

std::uint64_t FolderLock::read_epoch(const Descriptor& file) const {
  EpochRecord record;
  const std::size_t count = read_at(file, 0, std::as_writable_bytes(std::span(&record, 1)), path_);
  // A new file, or one torn by a crash: the manifests' epochs are the floor then.
  if (count < sizeof(record) || record.checksum != checksum_of(record.epoch)) return 0;
  return record.epoch;
}

std::uint64_t FolderLock::claim_epoch(std::uint64_t floor) {
  EpochRecord record;
  record.epoch = std::max(floor, read_epoch(file_)) + 1;
  record.checksum = checksum_of(record.epoch);
  write_at(file_, 0, std::as_bytes(std::span(&record, 1)), path_);
  sync_file(file_, path_);
  epoch_ = record.epoch;
  return epoch_;
}

void FolderLock::check_epoch() const {
  if (!is_same_file(file_, path_) || read_epoch(file_) != epoch_) {
    throw Error(ErrorKind::kConflict, "lost the lock " + quoted(path_) + " to another writer; nothing was published");
  }
}

}  // namespace modyn::core

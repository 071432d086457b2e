// The right to write to a folder: a lock that the kernel drops with its holder, and an epoch that
// fences a writer which lost the lock without noticing (a removed lock file, a network file system).
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/file.hpp"

namespace modyn::core {

class FolderLock {
 public:
  // Takes an exclusive lock on `file` (created if missing), waiting for at most `timeout_s` seconds.
  // kConflict if somebody else holds it longer. Works between processes and between threads.
  FolderLock(const std::filesystem::path& file, double timeout_s);

  // Claims the next epoch, above `floor` and every epoch claimed through this file; durable.
  std::uint64_t claim_epoch(std::uint64_t floor);
  // kConflict if the file was replaced, or claimed by a later writer, since claim_epoch.
  void check_epoch() const;

 private:
  [[nodiscard]] std::uint64_t read_epoch(const Descriptor& file) const;
  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t epoch_ = 0;
};

}  // namespace modyn::core

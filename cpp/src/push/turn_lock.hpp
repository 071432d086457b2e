// The right to append, between processes: held for one group only, and given up fairly.
//
// A process that appends without pause would take its own lock again before anybody who looks for
// it now and then can. So who wants the lock first needs the turn, and keeps it until the lock is his:
// the last holder then has to stand behind him.
#pragma once

#include <filesystem>

#include "core/file.hpp"

namespace modyn::push {

class TurnLock {
 public:
  // Creates the files `lock` and `turn` if they are missing.
  TurnLock(std::filesystem::path lock, std::filesystem::path turn);
  ~TurnLock();
  TurnLock(const TurnLock&) = delete;
  TurnLock& operator=(const TurnLock&) = delete;

  // kConflict after `timeout_s` seconds. False if the files were replaced, that is, the folder is another
  // one than before; they are locked all the same.
  bool acquire(double timeout_s);
  void release() noexcept;

 private:
  void open();
  [[nodiscard]] bool is_current() const;
  std::filesystem::path lock_path_;
  std::filesystem::path turn_path_;
  core::Descriptor lock_;
  core::Descriptor turn_;
};

}  // namespace modyn::push

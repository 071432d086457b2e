// How far the newest log is committed: a small file beside the logs.
//
// It is written after a flush and itself not flushed, so it may be behind but never ahead. After a
// killed process it is exact, and tells a torn tail, which nobody was promised, from damage to what
// was. After a lost machine it may be old; then the log itself says where it ends.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/file.hpp"

namespace modyn::push {

// A place between two frames.
struct LogEnd {
  std::uint64_t log = 0;  // number; 0: there is no log yet
  std::uint64_t offset = 0;
  std::uint64_t batches = 0;  // of the dataset, before this place
  std::uint64_t samples = 0;
  friend bool operator==(const LogEnd&, const LogEnd&) = default;
};

enum class EndState : std::uint32_t {
  kClean = 0,    // nothing is being written
  kWriting = 1,  // there may be a frame behind the end, whole or torn
  kFailed = 2,   // there may be a frame behind the end that looks whole and is not on the disk
};

struct EndMark {
  LogEnd end;
  std::uint64_t identity = 0;  // of the log
  EndState state = EndState::kClean;
  friend bool operator==(const EndMark&, const EndMark&) = default;
};

class EndMarkFile {
 public:
  // kIo if it can be neither opened nor created.
  explicit EndMarkFile(const std::filesystem::path& path);

  // Nothing if it was never written, or torn.
  [[nodiscard]] std::optional<EndMark> read() const;
  void write(const EndMark& mark) const;
  // Down to the disk.
  void sync() const;

 private:
  std::filesystem::path path_;
  core::Descriptor file_;
};

// Without creating anything. Safe while another process writes. Nothing if the file is missing, new or torn.
[[nodiscard]] std::optional<EndMark> read_end_mark(const std::filesystem::path& path);

}  // namespace modyn::push

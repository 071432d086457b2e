// Frames of a log file, one after the other; memory for one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/file.hpp"
#include "push/frame.hpp"

namespace modyn::push {

class LogReader {
 public:
  // From the frame at `offset` on (0: from the first).
  LogReader(const core::Descriptor& file, std::filesystem::path path, const LogHeader& log, std::uint64_t offset = 0);

  // The next frame, or nothing where no valid frame is. It is valid until the next call.
  std::optional<Frame> next();
  // The same without what is in it: only the numbers of the frame and its batches are there.
  std::optional<Frame> next_batches();

  // Where the next frame is expected.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  [[nodiscard]] std::optional<FrameHeader> read_header() const;
  // Fills the buffer with `bytes` at `offset_`; false if the file is shorter.
  bool load(std::uint64_t bytes);
  [[nodiscard]] std::span<const std::byte> loaded(std::uint64_t bytes) const;

  const core::Descriptor& file_;
  std::filesystem::path path_;
  LogHeader log_;
  std::uint64_t offset_;
  std::vector<std::uint64_t> buffer_;  // of 8-byte words, for the columns in it
};

}  // namespace modyn::push

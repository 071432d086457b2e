// The frames of one batch, built in memory before any of them is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modyn/partition.hpp"
#include "partition/ledger_frames.hpp"

namespace modyn::partition {

// Reused between batches for its memory.
class BatchFrames {
 public:
  // Each replaces what was there. Columns of equal length; those of a long batch become several frames.
  void set_samples(std::uint32_t trigger, std::uint64_t batch, std::span<const Key> keys,
                   std::span<const Timestamp> timestamps, std::span<const std::int64_t> labels);
  // Ranges without empty ones, of the view with this fingerprint.
  void set_ranges(std::uint32_t trigger, std::uint64_t batch, std::int64_t view, std::span<const Range> ranges);
  void set_trigger_end(std::uint32_t trigger);

  // The same for equal batches.
  [[nodiscard]] std::uint32_t content() const noexcept { return content_; }
  [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }

  // Numbers the frames and links them to the last one of the directory; returns their bytes.
  std::span<const std::byte> link(const FrameDirectory& directory);
  // Enters the linked frames, once they are written.
  void enter(FrameDirectory& directory) const;

 private:
  void clear();
  // Makes room for a header; its payload is appended to the buffer after that.
  void begin_frame();
  void end_frame(FrameHeader header);

  std::vector<std::byte> buffer_;
  std::vector<std::size_t> starts_;
  std::uint32_t content_ = 0;
  std::uint64_t samples_ = 0;
};

}  // namespace modyn::partition

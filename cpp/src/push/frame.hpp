// Frames of an append log, read from any bytes: pure functions, which a fuzzer may call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modyn/index.hpp"
#include "push/log_layout.hpp"

namespace modyn::push {

// A whole frame. The spans point into the bytes that it was read from.
struct Frame {
  std::uint64_t offset = 0;        // in the log
  std::uint64_t end = 0;           // where the next one begins
  std::uint64_t data_offset = 0;   // of the first sample's first byte, in the log
  std::uint64_t sample_size = 0;   // 0: `lengths` has them
  std::uint64_t first_batch = 0;   // batches of the dataset before this frame
  std::uint64_t first_sample = 0;  // samples likewise
  std::span<const BatchEntry> batches;
  std::span<const std::int64_t> labels;
  std::span<const Timestamp> timestamps;
  std::span<const std::uint32_t> lengths;  // bytes of each sample; empty if all have one size
  std::span<const std::byte> data;         // the samples, one after the other

  [[nodiscard]] std::uint64_t samples() const noexcept { return labels.size(); }
};

// The header of a log, or nothing if `bytes` do not begin with a whole and valid one.
[[nodiscard]] std::optional<LogHeader> read_log_header(std::span<const std::byte> bytes);

// The header of the frame at `offset` of the log, with which `bytes` begin, or nothing. If there is
// one, its sizes keep to the limits and agree with each other.
[[nodiscard]] std::optional<FrameHeader> read_frame_header(std::span<const std::byte> bytes, const LogHeader& log,
                                                           std::uint64_t offset);

// The frame at `offset` of the log, with which `bytes` begin, or nothing unless it is whole and valid.
// `bytes` lie at a multiple of 8.
[[nodiscard]] std::optional<Frame> read_frame(std::span<const std::byte> bytes, const LogHeader& log,
                                              std::uint64_t offset);

// All frames from `offset` of the log on, with which `bytes` begin, up to the first that is not there,
// or is not valid, or not all in `bytes`. `bytes` lie at a multiple of 8.
[[nodiscard]] std::vector<Frame> read_frames(std::span<const std::byte> bytes, const LogHeader& log,
                                             std::uint64_t offset);

}  // namespace modyn::push

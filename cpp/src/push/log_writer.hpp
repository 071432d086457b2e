// Writes the batches of a group as one frame, with one flush to disk.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "modyn/index.hpp"
#include "push/log_set.hpp"

namespace modyn::push {

// A batch as it is written. Borrowed.
struct BatchContent {
  BatchEntry entry;
  std::span<const std::byte> data;
  std::span<const std::uint64_t> lengths;  // empty if all samples have the log's size
  std::span<const std::int64_t> labels;
  std::span<const Timestamp> timestamps;  // empty: all have `timestamp`
  Timestamp timestamp = 0;
};

class LogWriter {
 public:
  // Writes the frame behind the end of the newest log and makes it durable; returns where it ends.
  // kIo if that fails: then it may be there in part.
  LogEnd write(const OpenLog& log, const LogEnd& end, std::span<const BatchContent> batches);

 private:
  FrameHeader compose_head(const OpenLog& log, const LogEnd& end, std::span<const BatchContent> batches);
  std::vector<std::uint64_t> head_;  // the frame up to its sample bytes
};

}  // namespace modyn::push

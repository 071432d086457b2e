// Pushed samples that are committed in their logs but not in the index yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "index/segment_builder.hpp"
#include "ingest/problem.hpp"
#include "modyn/format.hpp"
#include "modyn/index.hpp"

namespace modyn::ingest {

// What is new in one log: a source file of ours, that lies in the dataset's folder.
struct PushedTail {
  std::optional<std::uint32_t> known;     // the log's number in the index
  SourceFile state;                       // after it
  std::vector<index::NewExtent> extents;  // in the order of the samples, without the file's number
};

struct Pushed {
  std::vector<PushedTail> tails;  // in the order of the logs
  std::vector<Problem> problems;  // logs that are damaged, or hold samples of another size than the dataset
  bool is_locked = false;         // an appender holds the lock for longer than was waited: that is the only problem
};

// Takes no lock that appenders wait for, but where one of them was killed.
[[nodiscard]] Pushed read_pushed(const std::filesystem::path& dataset, const Index& index, const FileFormat& format,
                                 double lock_timeout_s);

}  // namespace modyn::ingest

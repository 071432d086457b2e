// Push: samples that a program hands over instead of writing files for a scan to find.
//
// append() is durable when it returns. They go to append-only logs in the dataset's folder, with a
// lock of their own, so a long scan does not keep anybody waiting; a scan seals them: from its
// manifest on they are samples like all others. docs/formats.md describes the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

struct PushOptions {
  std::uint64_t sample_size = 0;                        // bytes of every sample; 0: each has a length of its own
  std::uint64_t log_bytes = std::uint64_t{256} << 20U;  // a log that has reached it is followed by another
  double lock_timeout_s = 60.0;                         // how long to wait for another process that is appending
};

// Samples that belong together. Borrowed for the call.
struct Batch {
  std::span<const std::byte> data;         // the samples, one after the other
  std::span<const std::uint64_t> lengths;  // bytes of each sample; empty if samples have one size
  std::span<const std::int64_t> labels;    // one for each sample
  std::span<const Timestamp> timestamps;   // one for each sample; empty: all get the time of the call
};

struct AppendReceipt {
  std::string batch_id;       // the caller's, or the one that was drawn
  std::uint64_t samples = 0;  // of the batch
  bool duplicate = false;     // the batch was there already; nothing was added
  bool log_is_full = false;   // the batch is the first of a log because the one before is full: worth sealing now
};

// Appends batches to one dataset. Threads share one appender: those that wait at the same time are
// written together, with one flush to disk. Processes take turns.
class Appender {
 public:
  // Creates what is missing in the dataset's folder. kCorrupt if its logs are damaged,
  // kInvalidArgument if they hold samples of another size.
  Appender(const std::filesystem::path& dataset, const PushOptions& options);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  // Durable when it returns, as a whole or not at all. Thread-safe.
  // A batch id (1 to 1,024 bytes, any) makes the call repeatable for as long as the dataset lives: the
  // same id with the same samples, labels and given timestamps adds nothing; with others it is a kConflict.
  // Without one, a random id is drawn. After an error nothing of the batch counts, unless its id is sent
  // again: kInvalidArgument for columns of different lengths or a sample of 4 GiB or more, kIo if the disk is full or
  // fails, kConflict also if another process holds the lock for longer than the timeout, kCorrupt.
  AppendReceipt append(const Batch& batch, std::string_view batch_id = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One log, as far as it is committed.
struct PushedLog {
  std::uint64_t number = 0;        // from 1; logs are numbered in the order of their samples
  std::string path;                // relative to the dataset's folder
  std::uint64_t begin = 0;         // offset of the first frame
  std::uint64_t end = 0;           // offset behind the last committed frame; the file may be longer
  std::uint64_t sample_size = 0;   // 0: each sample has a length of its own
  std::uint64_t first_sample = 0;  // samples that were pushed to the dataset before this log
  std::uint64_t samples = 0;       // committed in this log
};

// The logs of a dataset in order; none if nothing was ever pushed. What it returns is durable and stays.
// Takes the appenders' lock only where a writer was killed, or is at work this very moment.
// kCorrupt if a log is missing, shorter than what was committed, or damaged.
[[nodiscard]] std::vector<PushedLog> pushed_logs(const std::filesystem::path& dataset, double lock_timeout_s = 60.0);

// The samples that lie in the log at or behind `offset`, which is the end of a frame or the log's begin.
[[nodiscard]] std::uint64_t samples_behind(const std::filesystem::path& dataset, const PushedLog& log,
                                           std::uint64_t offset);

// The samples that were pushed and are not in the index: those that the next scan seals.
[[nodiscard]] std::uint64_t waiting_samples(const Index& index, double lock_timeout_s = 60.0);

// Reads every committed byte of every log. kCorrupt, with file and offset, at the first that is not as written.
void verify_pushed(const std::filesystem::path& dataset, double lock_timeout_s = 60.0);

// What collect_logs() removed.
struct CollectedLogs {
  std::uint64_t logs = 0;
  std::uint64_t bytes = 0;
};

// Removes logs of which no manifest that is there has a sample that is not deleted: the oldest first, and never the
// newest. Their batch ids stay known. kIo if there is no such dataset or it cannot be written, kConflict if another
// writer holds a lock for longer than `lock_timeout_s`, kCorrupt if a manifest or log is damaged: then it may be
// needed.
CollectedLogs collect_logs(const std::filesystem::path& dataset, double lock_timeout_s = 60.0);

}  // namespace modyn

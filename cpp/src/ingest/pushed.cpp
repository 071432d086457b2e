#include "ingest/pushed.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "index/format_text.hpp"
#include "index/index_state.hpp"
#include "ingest/changed_file.hpp"
#include "ingest/extent_columns.hpp"
#include "modyn/push.hpp"
#include "push/sealing.hpp"

namespace modyn::ingest {
namespace {

// The logs that the index knows, by path.
std::map<std::string, std::uint32_t, std::less<>> known_logs(const Index& index) {
  std::map<std::string, std::uint32_t, std::less<>> logs;
  for (const auto& segment : index.state().segments) {
    if (!segment->files().owned.present()) continue;
    for (std::uint32_t row = 0; row < segment->entry().files; ++row) {
      if (segment->files().owned[row] != 0) logs.emplace(segment->path(row), segment->entry().first_file + row);
    }
  }
  return logs;
}

// The bytes of every sample of a format, 0 if they differ.
std::uint64_t sample_size(const FileFormat& format, const Index& index) {
  if (format.layout() != SampleLayout::kRecords) return 0;
  const auto records = index::parse_fixed_records(format.text(), index.state().dataset);
  return records ? records->sample_size() : 0;
}

// Columns of a frame, whose samples have lengths of their own, as rows.
class FrameRows {
 public:
  [[nodiscard]] SampleBlock block(const push::Frame& frame) {
    offsets_.clear();
    lengths_.assign(frame.lengths.begin(), frame.lengths.end());
    none_.assign(frame.samples(), 0);
    auto offset = static_cast<std::int64_t>(frame.data_offset);
    for (const std::int64_t length : lengths_) {
      offsets_.push_back(offset);
      offset += length;
    }
    return {.labels = frame.labels,
            .timestamps = frame.timestamps,
            .offsets = offsets_,
            .lengths = lengths_,
            .cut_offsets = none_,
            .cut_lengths = none_};
  }

 private:
  std::vector<std::int64_t> offsets_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::int64_t> none_;
};

index::NewExtent extent_of(const push::Frame& frame, std::uint64_t first_record) {
  index::NewExtent extent;
  extent.kind = ExtentKind::kSamples;
  extent.first_record = first_record;
  extent.base = frame.data_offset;
  extent.timestamp = std::ranges::min(frame.timestamps);
  extent.labels.emplace_back(frame.labels);
  std::vector<std::int64_t> later(frame.timestamps.begin(), frame.timestamps.end());
  for (std::int64_t& timestamp : later) timestamp -= extent.timestamp;
  extent.later.emplace_back(later);
  return extent;
}

class LogReader {
 public:
  LogReader(const std::filesystem::path& dataset, const Index& index, const FileFormat& format)
      : dataset_(dataset), index_(index), sample_size_(sample_size(format, index)), known_(known_logs(index)) {}

  // Nothing if there is nothing new.
  [[nodiscard]] std::optional<PushedTail> read(const PushedLog& log) const {
    PushedTail tail;
    std::uint64_t from = log.begin;
    std::uint64_t record = 0;
    if (const auto known = known_.find(log.path); known != known_.end()) {
      tail.known = known->second;
      from = index_.source_file(known->second).ingested_bytes;
      std::map<std::uint32_t, std::uint64_t> records{{known->second, 0}};
      if (from < log.end) count_records(index_, records);
      record = records.begin()->second;
    }
    if (from >= log.end) return std::nullopt;
    if (log.sample_size != sample_size_) {
      throw Error(ErrorKind::kInvalidArgument,
                  "log " + core::quoted(log.path) + " holds samples of " + size_text(log.sample_size) +
                      ", but those of the dataset's format have " + size_text(sample_size_));
    }
    ExtentColumns rows(SampleLayout::kRows, from, log.end);
    FrameRows columns;
    push::read_committed(dataset_, log, from, [&](const push::Frame& frame) {
      if (frame.samples() == 0) return;
      if (frame.sample_size == 0) {
        rows.take(0, columns.block(frame));
      } else {
        tail.extents.push_back(extent_of(frame, record));
        record += frame.samples();
      }
    });
    if (sample_size_ == 0) tail.extents = rows.extents(0, record);
    tail.state = state_of(log);
    return tail;
  }

 private:
  [[nodiscard]] static std::string size_text(std::uint64_t bytes) {
    return bytes == 0 ? "lengths of their own" : core::grouped(bytes) + " bytes";
  }

  // Size and time of a log change with every append and say nothing: only what is sealed is recorded.
  [[nodiscard]] SourceFile state_of(const PushedLog& log) const {
    const auto path = dataset_ / log.path;
    const auto fingerprint = core::fingerprint(core::open_for_reading(path), log.end, path);
    if (!fingerprint)
      throw Error(ErrorKind::kCorrupt, "log " + core::quoted(path) + " is shorter than what was pushed");
    return {.path = log.path,
            .size = log.end,
            .mtime_ns = 0,
            .inode = 0,
            .ingested_bytes = log.end,
            .fingerprint = *fingerprint,
            .companion = 0,
            .owned = true};
  }

  const std::filesystem::path& dataset_;
  const Index& index_;
  std::uint64_t sample_size_;
  std::map<std::string, std::uint32_t, std::less<>> known_;
};

}  // namespace

Pushed read_pushed(const std::filesystem::path& dataset, const Index& index, const FileFormat& format,
                   double lock_timeout_s) {
  Pushed pushed;
  std::string path = "pushed";
  const auto note = [&](const std::exception& error) {
    pushed.problems.push_back(make_problem(path, {}, error.what()));
  };
  // What is wrong with one log concerns neither the others nor the files of a scan.
  try {
    const LogReader reader(dataset, index, format);
    for (const PushedLog& log : pushed_logs(dataset, lock_timeout_s)) {
      path = log.path;
      try {
        if (std::optional<PushedTail> tail = reader.read(log)) pushed.tails.push_back(*std::move(tail));
      } catch (const Error& error) {
        note(error);
      } catch (const BadContent& bad) {
        note(bad);
      }
    }
  } catch (const Error& error) {
    pushed.is_locked = error.kind() == ErrorKind::kConflict;
    note(error);
  }
  return pushed;
}

}  // namespace modyn::ingest

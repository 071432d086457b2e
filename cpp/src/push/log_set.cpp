#include "push/log_set.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/message.hpp"
#include "core/publish.hpp"
#include "core/random_id.hpp"
#include "modyn/error.hpp"
#include "push/log_reader.hpp"
#include "push/pushed_folder.hpp"

namespace modyn::push {
namespace {

std::uint64_t random_identity() {
  const core::RandomId id = core::random_id();
  std::uint64_t identity = 0;
  std::memcpy(&identity, id.data(), sizeof(identity));
  return identity;
}

void truncate(const OpenLog& log, std::uint64_t bytes) {
  if (::ftruncate(log.file.number(), static_cast<off_t>(bytes)) != 0) {
    core::throw_system_error("cut off the end of", log.path, errno);
  }
}

struct Tail {
  bool is_clean = true;                      // nothing but zeros
  std::optional<std::uint64_t> later_frame;  // where a frame begins that was written after what is at `from`
};

// What is in the log at and behind `from`, where no valid frame is.
Tail examine_tail(const OpenLog& log, std::uint64_t from) {
  Tail tail;
  std::vector<std::byte> chunk(std::size_t{1} << 20U);
  for (std::uint64_t offset = from;; offset += chunk.size()) {
    const auto bytes = std::span(chunk).first(core::read_at(log.file, offset, chunk, log.path));
    if (!std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) {
      tail.is_clean = false;
      for (std::size_t at = 0; at + kFrameMagic.size() <= bytes.size(); at += kFrameAlignment) {
        if (offset + at == from || std::memcmp(&bytes[at], kFrameMagic.data(), kFrameMagic.size()) != 0) continue;
        FrameHeader header;
        const auto place = std::as_writable_bytes(std::span(&header, 1));
        if (core::read_at(log.file, offset + at, place, log.path) == place.size() &&
            read_frame_header(place, log.header, offset + at)) {
          tail.later_frame = offset + at;
          return tail;
        }
      }
    }
    if (bytes.size() < chunk.size()) return tail;
  }
}

}  // namespace

LogHeader load_log_header(const core::Descriptor& file, const std::filesystem::path& path, std::uint64_t number) {
  LogHeader header;
  const auto bytes = std::as_writable_bytes(std::span(&header, 1));
  const std::size_t count = core::read_at(file, 0, bytes, path);
  const auto valid = read_log_header(std::as_bytes(std::span(&header, 1)).first(count));
  if (!valid || valid->number != number) throw_damaged(path, 0, "it does not begin with a valid header");
  return *valid;
}

void throw_damaged(const std::filesystem::path& path, std::uint64_t offset, const std::string& what) {
  throw Error(ErrorKind::kCorrupt,
              "file " + core::quoted(path) + " is damaged at byte " + core::grouped(offset) + ": " + what);
}

LogSet::LogSet(const std::filesystem::path& dataset) : dataset_(dataset), mark_file_(committed_file(dataset)) {
  core::remove_temporaries(pushed_folder(dataset));
}

void LogSet::refresh() {
  const auto mark = mark_file_.read();
  if (newest_ && mark && mark->state == EndState::kClean && mark->identity == newest_->header.identity) {
    end_ = mark->end;
    return;
  }
  recover();
}

void LogSet::open_newest(std::uint64_t number) {
  OpenLog log;
  log.path = log_file(dataset_, number);
  log.file = core::Descriptor(::open(log.path.c_str(), O_RDWR | O_CLOEXEC));
  if (!log.file.is_open()) core::throw_system_error("open", log.path, errno);
  log.header = load_log_header(log.file, log.path, number);
  newest_ = std::move(log);
}

LogEnd LogSet::begin_of_newest() const {
  const LogHeader& header = newest_->header;
  return {header.number, sizeof(LogHeader), header.first_batch, header.first_sample};
}

void LogSet::recover() {
  const auto mark = mark_file_.read();
  const auto numbers = log_numbers(dataset_);
  const std::uint64_t number = numbers.empty() ? 0 : numbers.back();
  if (mark && mark->end.log > number) {
    throw Error(ErrorKind::kCorrupt, "file " + core::quoted(log_file(dataset_, mark->end.log)) + " is missing; " +
                                         core::grouped(mark->end.offset) + " bytes of it were committed");
  }
  newest_.reset();
  end_ = {};
  if (number == 0) return;
  open_newest(number);
  end_ = begin_of_newest();
  const bool marked = mark && mark->end.log == number;
  if (marked) {
    if (mark->identity != newest_->header.identity) {
      throw_damaged(newest_->path, 0, "it is not the log of this number that was committed");
    }
    end_ = mark->end;
  }
  const std::uint64_t size = core::file_status(newest_->file, newest_->path).size;
  if (size < end_.offset) {
    throw_damaged(newest_->path, size, "it ends there, but " + core::grouped(end_.offset) + " bytes were committed");
  }
  if (marked && mark->state == EndState::kFailed) {
    truncate(*newest_, end_.offset);
    core::sync_file(newest_->file, newest_->path);
    // Before anything is committed behind it: no old mark may ever say again that this is to be cut off.
    write_mark(EndState::kClean);
    mark_file_.sync();
    return;
  }
  const std::uint64_t marked_end = end_.offset;
  LogReader reader(newest_->file, newest_->path, newest_->header, end_.offset);
  while (const auto frame = reader.next()) {
    if (frame->first_batch != end_.batches || frame->first_sample != end_.samples) {
      throw_damaged(newest_->path, frame->offset, "the frame there does not follow the one before it");
    }
    end_ = {number, frame->end, end_.batches + frame->batches.size(), end_.samples + frame->samples()};
  }
  const Tail tail = examine_tail(*newest_, end_.offset);
  if (tail.later_frame) {
    throw_damaged(newest_->path, end_.offset,
                  "no valid frame is there, but a later one is at byte " + core::grouped(*tail.later_frame) +
                      "; restore the file from a backup");
  }
  if (!tail.is_clean) truncate(*newest_, end_.offset);
  if (!tail.is_clean || end_.offset > marked_end) core::sync_file(newest_->file, newest_->path);
  write_mark(EndState::kClean);
}

void LogSet::begin_log(std::uint64_t sample_size) {
  if (newest_) {
    // What was reserved behind its end is not needed any more; its length now says where it ends.
    truncate(*newest_, end_.offset);
    core::sync_file(newest_->file, newest_->path);
  }
  LogHeader header;
  header.identity = random_identity();
  header.number = end_.log + 1;
  header.sample_size = sample_size;
  header.previous_end = end_.offset;
  header.first_batch = end_.batches;
  header.first_sample = end_.samples;
  header.checksum = checksum_of(header);
  core::TemporaryFile file(log_file(dataset_, header.number));
  file.write(std::as_bytes(std::span(&header, 1)));
  file.publish_new();
  open_newest(header.number);
  end_ = begin_of_newest();
  write_mark(EndState::kClean);
}

void LogSet::write_mark(EndState state) const { mark_file_.write({end_, newest_->header.identity, state}); }

void LogSet::announce_write() { write_mark(EndState::kWriting); }

void LogSet::commit_write(const LogEnd& end) {
  end_ = end;
  write_mark(EndState::kClean);
}

void LogSet::abandon_write() noexcept {
  try {
    write_mark(EndState::kFailed);
    truncate(*newest_, end_.offset);
    write_mark(EndState::kClean);
  } catch (const std::exception&) {
    // The mark says what is left to do, or that a write was begun.
    newest_.reset();
  }
}

}  // namespace modyn::push

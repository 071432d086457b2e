// What the rest of the system may know of pushed samples.
#include <algorithm>
#include <cerrno>
#include <span>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/message.hpp"
#include "modyn/error.hpp"
#include "modyn/push.hpp"
#include "push/log_reader.hpp"
#include "push/log_set.hpp"
#include "push/pushed_folder.hpp"
#include "push/sealing.hpp"
#include "push/turn_lock.hpp"

namespace modyn {
namespace push {
namespace {

// Whether there may be a frame behind what the mark says: then only the holder of the lock can tell.
bool may_go_on(const std::filesystem::path& dataset, const EndMark& mark) {
  const auto path = log_file(dataset, mark.end.log);
  const core::Descriptor file = core::open_for_reading(path);
  FrameHeader header;
  const auto bytes = std::as_writable_bytes(std::span(&header, 1));
  const std::size_t count = core::read_at(file, mark.end.offset, bytes, path);
  return count == bytes.size() && header.magic == kFrameMagic;
}

LogEnd locked_end(const std::filesystem::path& dataset, double lock_timeout_s) {
  TurnLock lock(lock_file(dataset), turn_file(dataset));
  lock.acquire(lock_timeout_s);
  LogSet logs(dataset);
  logs.refresh();
  return logs.end();
}

// The end of the newest log of those with these numbers.
LogEnd committed_end(const std::filesystem::path& dataset, std::span<const std::uint64_t> numbers,
                     double lock_timeout_s) {
  const auto mark = read_end_mark(committed_file(dataset));
  if (mark && mark->state == EndState::kClean && mark->end.log == numbers.back() && !may_go_on(dataset, *mark)) {
    return mark->end;
  }
  return locked_end(dataset, lock_timeout_s);
}

// Whether there is a log with a lower number, now: a listing may name one that was just removed.
bool any_log_before(const std::filesystem::path& dataset, std::uint64_t number) {
  return std::ranges::any_of(log_numbers(dataset), [&](std::uint64_t other) {
    struct stat status{};
    return other < number && core::try_stat(log_file(dataset, other).native(), status);
  });
}

}  // namespace

void read_committed(const std::filesystem::path& dataset, const PushedLog& log, std::uint64_t offset,
                    const std::function<void(const Frame&)>& take) {
  const auto path = dataset / log.path;
  const core::Descriptor file = core::open_for_reading(path);
  LogReader reader(file, path, load_log_header(file, path, log.number), offset);
  while (reader.offset() < log.end) {
    const auto frame = reader.next();
    if (!frame) throw_damaged(path, reader.offset(), "no valid frame is there");
    take(*frame);
  }
}

}  // namespace push

std::vector<PushedLog> pushed_logs(const std::filesystem::path& dataset, double lock_timeout_s) {
  const std::vector<std::uint64_t> found = push::log_numbers(dataset);
  const bool is_marked = push::read_end_mark(push::committed_file(dataset)).has_value();
  if (found.empty() && !is_marked) return {};
  push::LogEnd end =
      found.empty() ? push::locked_end(dataset, lock_timeout_s) : push::committed_end(dataset, found, lock_timeout_s);

  std::vector<PushedLog> logs;
  // From the newest back: a log's header says where the one before it ends.
  for (const std::uint64_t newest = end.log; end.log > 0;) {
    const std::uint64_t number = end.log;
    const auto path = push::log_file(dataset, number);
    const core::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() && errno != ENOENT) core::throw_system_error("open", path, errno);
    if (!file.is_open()) {
      // Those before it were collected, too, or it is missing.
      if (number == newest || push::any_log_before(dataset, number)) push::throw_damaged(path, 0, "it is missing");
      break;
    }
    const push::LogHeader header = push::load_log_header(file, path, number);
    const std::uint64_t size = core::file_status(file, path).size;
    if (size < end.offset) {
      push::throw_damaged(path, size, "it ends there, but " + core::grouped(end.offset) + " bytes were committed");
    }
    logs.push_back({number, push::log_name(number), sizeof(push::LogHeader), end.offset, header.sample_size,
                    header.first_sample, end.samples - header.first_sample});
    end = {number - 1, header.previous_end, header.first_batch, header.first_sample};
  }
  std::ranges::reverse(logs);
  return logs;
}

std::uint64_t samples_behind(const std::filesystem::path& dataset, const PushedLog& log, std::uint64_t offset) {
  if (offset >= log.end) return 0;
  if (offset <= log.begin) return log.samples;
  const auto path = dataset / log.path;
  const core::Descriptor file = core::open_for_reading(path);
  push::LogReader reader(file, path, push::load_log_header(file, path, log.number), offset);
  const auto frame = reader.next_batches();
  if (!frame) push::throw_damaged(path, offset, "no valid frame is there");
  return log.first_sample + log.samples - frame->first_sample;
}

void verify_pushed(const std::filesystem::path& dataset, double lock_timeout_s) {
  for (const PushedLog& log : pushed_logs(dataset, lock_timeout_s)) {
    try {
      push::read_committed(dataset, log, log.begin, [](const push::Frame&) {});
    } catch (const Error& error) {
      struct stat status{};
      const bool is_there = core::try_stat((dataset / log.path).native(), status);
      if (is_there || push::any_log_before(dataset, log.number)) throw;
      // Collected meanwhile.
    }
  }
}

}  // namespace modyn

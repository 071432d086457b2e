#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "core/file.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"
#include "modyn/watch.hpp"
#include "watch/folder_tree.hpp"

namespace modyn {
namespace {

using Clock = std::chrono::steady_clock;
using Duration = std::chrono::duration<double>;

// How often roots are looked at: what happens to them is not always told.
constexpr Duration kRootInterval{0.5};
constexpr double kLongest = 1e9;

Clock::duration duration_of(double seconds) { return std::chrono::duration_cast<Clock::duration>(Duration(seconds)); }

double checked(const char* name, double seconds) {
  if (std::isnan(seconds) || seconds < 0) {
    throw Error(ErrorKind::kInvalidArgument,
                std::string(name) + " is " + std::to_string(seconds) + " seconds, must be at least 0");
  }
  return std::min(seconds, kLongest);
}

// A pipe whose end becomes readable, and stays so: a lock could not be taken in a signal handler.
class StopPipe {
 public:
  StopPipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) core::throw_system_error("open", "a pipe", errno);
    out_ = core::Descriptor(ends[0]);
    in_ = core::Descriptor(ends[1]);
    for (const int end : ends) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
  }
  void close_gate() noexcept {
    const char byte = 0;
    // Full only if it was written to often enough.
    [[maybe_unused]] const ssize_t written = ::write(in_.number(), &byte, 1);
  }
  [[nodiscard]] int descriptor() const noexcept { return out_.number(); }

 private:
  core::Descriptor out_;
  core::Descriptor in_;
};

}  // namespace

struct Watcher::State {
  State(std::vector<WatchedFolder> folders, const WatchOptions& options)
      : min_interval(duration_of(checked("min_interval_s", options.min_interval_s))),
        quiet(duration_of(checked("quiet_s", options.quiet_s))),
        tree(std::move(folders)) {}

  void note_change(Clock::time_point now) {
    if (!first_change) first_change = now;
    last_change = now;
  }

  // When the change that was noted is told.
  [[nodiscard]] Clock::time_point due() const {
    const auto burst_over = std::min(last_change + quiet, *first_change + min_interval);
    return last_told ? std::max(burst_over, *last_told + min_interval) : burst_over;
  }

  // Waits for news or `until`; false if it is to stop.
  bool sleep(Clock::time_point until) {
    const auto limit = std::min(until, Clock::now() + duration_of(kRootInterval.count()));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
    std::array<pollfd, 2> ends{pollfd{gate.descriptor(), POLLIN, 0}, pollfd{tree.descriptor(), POLLIN, 0}};
    ::poll(ends.data(), ends.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    return ends[0].revents == 0;
  }

  Clock::duration min_interval;
  Clock::duration quiet;
  StopPipe gate;
  watch::FolderTree tree;
  Clock::time_point last_root_check = Clock::now();
  std::optional<Clock::time_point> first_change;  // that is still to be told
  Clock::time_point last_change;
  std::optional<Clock::time_point> last_told;
};

Watcher::Watcher(std::vector<WatchedFolder> folders, const WatchOptions& options)
    : state_(std::make_unique<State>(std::move(folders), options)) {}

Watcher::~Watcher() = default;

WatchReason Watcher::wait(double timeout_s) {
  State& state = *state_;
  const auto deadline = Clock::now() + duration_of(checked("timeout_s", timeout_s));
  for (auto until = Clock::now();;) {
    if (!state.sleep(until)) return WatchReason::kStop;
    bool changed = state.tree.take_news();
    const auto now = Clock::now();
    if (now - state.last_root_check >= kRootInterval) {
      state.last_root_check = now;
      changed = state.tree.check_roots() || changed;
    }
    if (changed) state.note_change(now);
    if (state.first_change && now >= state.due()) {
      state.first_change.reset();
      state.last_told = now;
      return WatchReason::kChanges;
    }
    if (now >= deadline) return WatchReason::kTimeout;
    until = state.first_change ? std::min(state.due(), deadline) : deadline;
  }
}

void Watcher::stop() noexcept { state_->gate.close_gate(); }

const std::string& Watcher::scans_because() const noexcept { return state_->tree.failure(); }

}  // namespace modyn

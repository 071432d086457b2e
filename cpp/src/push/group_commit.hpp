// Group commit: threads that ask at the same time are served together, by one of them.
//
// The first to come leads: he takes everybody who waits, does the work once for all, and hands over to the
// first of those who came meanwhile. If the last groups were larger than the queue now, the others are
// probably on their way back, and he waits for them a little: without that, callers in a loop would fall into two
// halves that take turns, at half the speed. He waits for no longer than half of what the work takes, and
// not at all if he is alone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace modyn::push {

// What a caller waits for. Lives on his stack.
struct Request {
  std::exception_ptr error;  // set if it failed
  std::size_t bytes = 0;     // its part in a group's size

  bool done = false;
  bool leads = false;
  // Shared, because whoever is told that he is served may be gone before the telling has returned.
  std::shared_ptr<std::condition_variable> wake = std::make_shared<std::condition_variable>();
};

class GroupCommit {
 public:
  // `serve` does the work for a group; what it throws fails all of it. `rest` runs after the group was told, while
  // nobody else is served yet; it throws nothing. A group ends before it exceeds `group_bytes`, but has one request.
  GroupCommit(std::function<void(std::span<Request* const>)> serve, std::function<void()> rest,
              std::size_t group_bytes);

  // Returns when the request was served; throws its error.
  void run(Request& request);

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void lead(Lock& lock);
  void await_others(Lock& lock);
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] std::vector<Request*> take_group();

  std::function<void(std::span<Request* const>)> serve_;
  std::function<void()> rest_;
  std::size_t group_bytes_;

  std::mutex mutex_;
  std::condition_variable arrival_;
  std::deque<Request*> queue_;
  std::size_t queued_bytes_ = 0;
  bool has_leader_ = false;
  bool awaits_others_ = false;
  std::size_t expected_ = 1;     // callers that are about, by the last group
  Clock::duration work_time_{};  // of a group, smoothed
};

}  // namespace modyn::push

// Tells the caller of a scan, on the caller's own thread, how far it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace modyn::ingest {

class Progress {
 public:
  using Callback = std::function<void(std::uint64_t done, std::uint64_t total)>;

  Progress(const Callback& callback, std::uint64_t done, std::uint64_t total)
      : callback_(callback), done_(done), total_(total) {
    report();
  }

  // One more file is done. Any thread may say so; only the caller's own thread calls back, at most
  // twenty times a second.
  void advance() {
    done_.fetch_add(1, std::memory_order_relaxed);
    if (std::this_thread::get_id() != caller_ || Clock::now() < next_report_) return;
    report();
  }

  void report() {
    next_report_ = Clock::now() + std::chrono::milliseconds(50);
    if (callback_) callback_(done_.load(std::memory_order_relaxed), total_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  const Callback& callback_;
  std::atomic<std::uint64_t> done_;
  std::uint64_t total_;
  std::thread::id caller_ = std::this_thread::get_id();
  Clock::time_point next_report_;
};

}  // namespace modyn::ingest

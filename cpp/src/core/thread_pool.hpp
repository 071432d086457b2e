// The native threads of a process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace modyn::core {

class ThreadPool {
 public:
  // With `threads` workers; 0 is allowed: callers then do all work themselves.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // The pool of this process: one thread fewer than there are cores, because callers work too.
  // A forked child gets a pool of its own (its parent's threads do not exist there).
  static ThreadPool& shared();
  // A pool of 16 threads, the calling one included, for work that mostly waits for disks and servers.
  static ThreadPool& waiting();

  // How many threads work in for_each() at most: the workers and the caller.
  [[nodiscard]] unsigned threads() const noexcept { return static_cast<unsigned>(workers_.size()) + 1; }

  // Calls work(0) ... work(count - 1), on at most `parallel` threads (0: as many as there are), the
  // calling one among them; returns when all have returned. Indices start in ascending order. After
  // a failure no further index is started, and the failure with the lowest index is thrown. Safe to call from
  // several threads and from within work.
  void for_each(std::size_t count, unsigned parallel, const std::function<void(std::size_t)>& work);

 private:
  struct Job;
  struct OfProcess;
  void run_worker();
  void run_one(Job& job, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Job* find_job() const;
  void tell_all();
  template <typename Condition>
  void wait(std::unique_lock<std::mutex>& lock, Condition condition);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::uint64_t> changes_ = 0;  // that were told, for those who have not fallen asleep yet
  std::list<Job*> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

// `requested`, or the number of cores if it is 0.
[[nodiscard]] unsigned thread_count(unsigned requested) noexcept;

}  // namespace modyn::core

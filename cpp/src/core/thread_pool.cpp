#include "core/thread_pool.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>

#include <unistd.h>

namespace modyn::core {

// Lives on the stack of the caller, who waits until `running` is 0; all fields are guarded by the pool's mutex.
struct ThreadPool::Job {
  Job(const std::function<void(std::size_t)>& task, std::size_t indices, unsigned threads)
      : work(task), count(indices), parallel(threads == 0 ? std::numeric_limits<unsigned>::max() : threads) {}

  const std::function<void(std::size_t)>& work;
  std::size_t count;
  unsigned parallel;
  std::size_t next = 0;
  unsigned running = 0;
  std::size_t failed_index = std::numeric_limits<std::size_t>::max();
  std::exception_ptr failure;

  [[nodiscard]] bool has_room() const { return next < count && running < parallel; }
  [[nodiscard]] bool is_done() const { return next >= count && running == 0; }
};

ThreadPool::ThreadPool(unsigned threads) {
  workers_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) workers_.emplace_back([this] { run_worker(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  tell_all();
  for (std::thread& worker : workers_) worker.join();
}

// A pool that is made when it is first asked for, once for each process.
struct ThreadPool::OfProcess {
  std::mutex mutex{};
  // Never destroyed: at exit its threads sleep and end with the process, and a forked child, which
  // inherits a pool without threads, must not wait for them.
  ThreadPool* pool = nullptr;
  pid_t owner = 0;

  ThreadPool& get(unsigned threads) {
    const std::lock_guard lock(mutex);
    if (owner != ::getpid()) {
      pool = std::make_unique<ThreadPool>(threads - 1).release();
      owner = ::getpid();
    }
    return *pool;
  }
};

ThreadPool& ThreadPool::shared() {
  static OfProcess pool;
  return pool.get(thread_count(0));
}

ThreadPool& ThreadPool::waiting() {
  constexpr unsigned kThreads = 16;
  static OfProcess pool;
  return pool.get(kThreads);
}

void ThreadPool::for_each(std::size_t count, unsigned parallel, const std::function<void(std::size_t)>& work) {
  if (count == 0) return;
  Job job(work, count, parallel);
  std::unique_lock lock(mutex_);
  const auto place = jobs_.insert(jobs_.end(), &job);
  if (count > 1 && parallel != 1) tell_all();
  while (!job.is_done()) {
    if (job.has_room()) {
      run_one(job, lock);
    } else {
      wait(lock, [&] { return job.is_done() || job.has_room(); });
    }
  }
  jobs_.erase(place);
  if (job.failure) std::rethrow_exception(job.failure);
}

void ThreadPool::run_worker() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (Job* job = find_job()) {
      run_one(*job, lock);
    } else {
      wait(lock, [this] { return stopping_ || find_job() != nullptr; });
    }
  }
}

// To sleep and to be woken takes longer than most of what is waited for: the end of another thread's last piece, or the
// next request of a caller in a loop. So it first looks whether something changes, and lets others run meanwhile.
template <typename Condition>
void ThreadPool::wait(std::unique_lock<std::mutex>& lock, Condition condition) {
  constexpr auto kPatience = std::chrono::microseconds(50);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    const std::uint64_t seen = changes_.load(std::memory_order_relaxed);
    lock.unlock();
    bool is_patient = true;
    while (is_patient && changes_.load(std::memory_order_relaxed) == seen) {
      std::this_thread::yield();
      is_patient = std::chrono::steady_clock::now() < end;
    }
    lock.lock();
    if (!is_patient) return changed_.wait(lock, condition);
  }
}

void ThreadPool::tell_all() {
  changes_.fetch_add(1, std::memory_order_relaxed);
  changed_.notify_all();
}

ThreadPool::Job* ThreadPool::find_job() const {
  const auto job = std::ranges::find_if(jobs_, [](const Job* candidate) { return candidate->has_room(); });
  return job == jobs_.end() ? nullptr : *job;
}

void ThreadPool::run_one(Job& job, std::unique_lock<std::mutex>& lock) {
  const std::size_t index = job.next++;
  ++job.running;
  lock.unlock();
  std::exception_ptr failure;
  try {
    job.work(index);
  } catch (...) {  // for_each() throws it where the work was asked for
    failure = std::current_exception();
  }
  lock.lock();
  const bool was_full = job.running-- == job.parallel;
  if (failure) {
    job.next = job.count;
    if (index < job.failed_index) {
      job.failed_index = index;
      job.failure = failure;
    }
  }
  // Wakes the caller at the end, and threads that found the job full before.
  if (job.is_done() || (was_full && job.has_room())) tell_all();
}

unsigned thread_count(unsigned requested) noexcept {
  static const unsigned cores = std::max(1U, std::thread::hardware_concurrency());  // asks the kernel, by a file
  return requested != 0 ? requested : cores;
}

}  // namespace modyn::core

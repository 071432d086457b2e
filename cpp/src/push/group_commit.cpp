#include "push/group_commit.hpp"

#include <utility>

namespace modyn::push {

GroupCommit::GroupCommit(std::function<void(std::span<Request* const>)> serve, std::function<void()> rest,
                         std::size_t group_bytes)
    : serve_(std::move(serve)), rest_(std::move(rest)), group_bytes_(group_bytes) {}

void GroupCommit::run(Request& request) {
  Lock lock(mutex_);
  queue_.push_back(&request);
  queued_bytes_ += request.bytes;
  if (awaits_others_ && is_full()) arrival_.notify_one();
  if (!has_leader_) {
    has_leader_ = true;
    request.leads = true;
  }
  while (!request.done) {
    if (request.leads) {
      lead(lock);
    } else {
      request.wake->wait(lock, [&] { return request.done || request.leads; });
    }
  }
  if (request.leads) {
    // Led until his own request was served; what came meanwhile is the next one's.
    has_leader_ = !queue_.empty();
    if (has_leader_) {
      queue_.front()->leads = true;
      queue_.front()->wake->notify_one();
    }
  }
  lock.unlock();
  if (request.error) std::rethrow_exception(request.error);
}

void GroupCommit::lead(Lock& lock) {
  await_others(lock);
  const std::vector<Request*> group = take_group();
  lock.unlock();
  const auto start = Clock::now();
  std::exception_ptr error;
  try {
    serve_(group);
  } catch (...) {  // every caller of the group throws it
    error = std::current_exception();
  }
  const auto time = Clock::now() - start;
  lock.lock();
  work_time_ = (3 * work_time_ + time) / 4;
  expected_ = group.size() + queue_.size();
  std::vector<std::shared_ptr<std::condition_variable>> wakes;
  for (Request* request : group) {
    if (error && !request->error) request->error = error;
    request->done = true;
    wakes.push_back(request->wake);
  }
  lock.unlock();  // first: who wakes needs it
  for (const auto& wake : wakes) wake->notify_one();
  rest_();
  lock.lock();
}

bool GroupCommit::is_full() const { return queue_.size() >= expected_ || queued_bytes_ >= group_bytes_; }

void GroupCommit::await_others(Lock& lock) {
  if (is_full()) return;
  awaits_others_ = true;
  arrival_.wait_for(lock, work_time_ / 2, [this] { return is_full(); });
  awaits_others_ = false;
}

std::vector<Request*> GroupCommit::take_group() {
  std::vector<Request*> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front()->bytes <= group_bytes_)) {
    bytes += queue_.front()->bytes;
    group.push_back(queue_.front());
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  return group;
}

}  // namespace modyn::push

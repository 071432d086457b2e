// Memory that calls hand on to each other, so that a small fetch allocates nothing.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace modyn::fetch {

// As many objects as calls ever ran at once, each with the capacity that it has grown to.
template <typename T>
class Scratch {
 public:
  // Runs work(object) with an object that nobody else uses meanwhile.
  template <typename Work>
  void with(const Work& work) {
    std::unique_ptr<T> object = take();
    work(*object);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(object));
  }

 private:
  [[nodiscard]] std::unique_ptr<T> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<T>();
    std::unique_ptr<T> object = std::move(idle_.back());
    idle_.pop_back();
    return object;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace modyn::fetch

// Memory that calls hand on to each other, so that a small fetch allocates nothing.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace modyn::fetch {

// As many objects as were ever used at once, each with the capacity that it has grown to.
template <typename T>
class Scratch {
 public:
  // An object that nobody else uses meanwhile; it goes back at the end, after object.release() if it has that.
  class Lease {
   public:
    Lease(Scratch& scratch, std::unique_ptr<T> object) : scratch_(&scratch), object_(std::move(object)) {}
    ~Lease() {
      if (!object_) return;
      if constexpr (requires { object_->release(); }) object_->release();
      scratch_->give_back(std::move(object_));
    }
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    [[nodiscard]] T& operator*() const noexcept { return *object_; }
    [[nodiscard]] T* operator->() const noexcept { return object_.get(); }

   private:
    Scratch* scratch_;
    std::unique_ptr<T> object_;
  };

  [[nodiscard]] Lease take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return Lease(*this, std::make_unique<T>());
    std::unique_ptr<T> object = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(object));
  }

 private:
  void give_back(std::unique_ptr<T> object) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(object));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace modyn::fetch

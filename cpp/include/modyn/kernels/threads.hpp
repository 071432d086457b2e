// The threads that a kernel may use, without knowing whose they are.
//
// A process has one native thread pool. It lives in modyn._native; the kernels are another library and get it as
// two plain pointers. A kernel cuts its work into parts that depend on the size of the problem alone and
// reduces what they give in the order of the parts, so its results do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <type_traits>

namespace modyn::kernels {

class Threads {
 public:
  using Work = void (*)(void* context, std::size_t part);
  // Calls work(context, 0) ... work(context, count - 1) on at most `parallel` threads, the calling one among them;
  // returns when all have returned.
  using ForEach = void (*)(void* pool, std::size_t count, unsigned parallel, void* context, Work work);

  // The calling thread alone.
  Threads() = default;
  // `parallel` is at least 1.
  Threads(ForEach function, void* pool, unsigned parallel) : for_each_(function), pool_(pool), parallel_(parallel) {}

  [[nodiscard]] unsigned parallel() const noexcept { return parallel_; }

  // Calls work(part) for every part below `count`. Work must not throw.
  template <typename Function>
  void for_each(std::size_t count, Function&& work) const {
    if (count <= 1 || parallel_ <= 1 || for_each_ == nullptr) {
      for (std::size_t part = 0; part < count; ++part) work(part);
      return;
    }
    using Plain = std::remove_reference_t<Function>;
    for_each_(pool_, count, parallel_, &work,
              [](void* context, std::size_t part) noexcept { (*static_cast<Plain*>(context))(part); });
  }

 private:
  ForEach for_each_ = nullptr;
  void* pool_ = nullptr;
  unsigned parallel_ = 1;
};

}  // namespace modyn::kernels

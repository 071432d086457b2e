// Lends the process's thread pool to modyn._kernels, which is another library and has none.
#include "bind.hpp"
#include "core/thread_pool.hpp"

namespace modyn::bindings {
namespace {

namespace nb = nanobind;
using namespace nanobind::literals;

using Work = void (*)(void* context, std::size_t part);
using ForEach = void (*)(void* pool, std::size_t count, unsigned parallel, void* context, Work work);

// The pool is looked up at each call: a forked child has another one than its parent.
void for_each(void* /*pool*/, std::size_t count, unsigned parallel, void* context, Work work) {
  core::ThreadPool::shared().for_each(count, parallel, [=](std::size_t part) { work(context, part); });
}

ForEach pool_for_each = &for_each;

}  // namespace

void bind_threads(nb::module_& module) {
  module.def(
      "thread_pool", [] { return nb::capsule(&pool_for_each); },
      "What modyn._kernels.use_pool takes: the function that spreads work over this process's threads.");
}

}  // namespace modyn::bindings

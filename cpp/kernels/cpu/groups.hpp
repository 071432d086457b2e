// Problems of their own beside each other.
#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// Calls work(group) for every group below `count`, each of which may use the threads too; throws what the first
// of those that failed has thrown, when all have ended.
template <typename Function>
void for_each_group(const Threads& threads, std::size_t count, Function&& work) {
  std::vector<std::exception_ptr> failures(count);
  threads.for_each(count, [&](std::size_t group) {
    try {
      work(group);
    } catch (...) {
      failures[group] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

// Where the picks of each problem begin.
template <typename Problem>
[[nodiscard]] std::vector<std::size_t> begins_of_picks(const std::vector<Problem>& problems) {
  std::vector<std::size_t> begins{0};
  for (const Problem& problem : problems) begins.push_back(begins.back() + problem.picks);
  return begins;
}

}  // namespace modyn::kernels

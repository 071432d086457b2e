// Sums over all pairs of a group's samples, in half the work: a tile serves its rows and its columns.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "kernels/cpu/submodular/features.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// Whole numbers, so it does not matter which thread adds first.
inline void add_to(std::int64_t& sum, std::int64_t value) {
  std::atomic_ref<std::int64_t>(sum).fetch_add(value, std::memory_order_relaxed);
}

// sums[j] = sum over i of max(0, similarity of i and j - covered[i]). `covered` is padded to whole tiles.
void sum_pairs(const Features& features, std::span<const std::int32_t> covered, std::span<std::int64_t> sums,
               const Threads& threads);
// For distances: finds the largest, makes it similarity 0, and sums[j] = sum over i of the similarity of i and j.
void set_top_and_sum(Features& features, std::span<std::int64_t> sums, const Threads& threads);

}  // namespace modyn::kernels

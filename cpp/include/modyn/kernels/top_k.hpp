// The k best of N scores, exactly and always the same ones: of equal scores the first is better, and NaN is worse
// than any number. Work is linear in N but for sorting what was chosen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

enum class ScoreType { kFloat32, kFloat64, kInt64 };
enum class Best { kLargest, kSmallest };
enum class Order { kByScore, kByIndex };  // of the result: the best first, or the lowest index first

struct Scores {
  const void* values;  // [count]
  ScoreType type;
  std::size_t count;
};

// picks [k], k at most the number of scores.
void top_k(const Scores& scores, std::size_t k, Best best, Order order, std::int64_t* picks, const Threads& threads);

// Each score belongs to a segment; segment s has sizes[s] scores and gives its best takes[s], at most that many.
struct Segments {
  const std::int64_t* of_scores;  // [scores.count], in [0, count)
  std::size_t count;
  const std::int64_t* sizes;
  const std::int64_t* takes;
};

// picks [sum of takes], segment after segment.
void segmented_top_k(const Scores& scores, const Segments& segments, Best best, Order order, std::int64_t* picks,
                     const Threads& threads);

}  // namespace modyn::kernels

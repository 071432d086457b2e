#include "kernels/cpu/block_distances.hpp"

#include "kernels/cpu/vector.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

// Samples of a block that are handled at once: two registers of them.
constexpr std::size_t kSamples = 2 * kLanes;
// Centers that a block is held against at once: as many as leave registers for samples and differences.
constexpr std::size_t kCenters = MODYN_VECTOR_BYTES == 64 ? 12 : 5;

constexpr std::size_t kRowsAhead = 4;
constexpr std::size_t kNumbersOfLine = 64 / sizeof(float);

template <std::size_t centers>
MODYN_INLINE void visit(const float* samples, std::size_t width, const float* const* rows, const std::int32_t* numbers,
                        float* nearest, std::int32_t* owners) {
  Floats sums[centers][2] = {};
  for (std::size_t at = 0; at < width; ++at) {
    const Floats left = load(samples + at * kBlockSamples);
    const Floats right = load(samples + at * kBlockSamples + kLanes);
#pragma GCC unroll 12
    for (std::size_t center = 0; center < centers; ++center) {
      const Floats number = broadcast(rows[center][at]);
      const Floats to_left = left - number;
      const Floats to_right = right - number;
      sums[center][0] += to_left * to_left;
      sums[center][1] += to_right * to_right;
    }
  }
  for (std::size_t half = 0; half < 2; ++half) {
    Floats least = load(nearest + half * kLanes);
    Ints owner;
    __builtin_memcpy(&owner, owners + half * kLanes, sizeof(owner));
#pragma GCC unroll 12
    for (std::size_t center = 0; center < centers; ++center) {
      const Ints nearer = sums[center][half] < least;
      least = nearer ? sums[center][half] : least;
      owner = nearer ? numbers[center] - Ints{} : owner;
    }
    store(nearest + half * kLanes, least);
    __builtin_memcpy(owners + half * kLanes, &owner, sizeof(owner));
  }
}

// The centers that are left when kCenters do not fit any more.
template <std::size_t centers>
void visit_rest(std::size_t count, const float* samples, std::size_t width, const float* const* rows,
                const std::int32_t* numbers, float* nearest, std::int32_t* owners) {
  if constexpr (centers > 0) {
    if (count == centers) return visit<centers>(samples, width, rows, numbers, nearest, owners);
    visit_rest<centers - 1>(count, samples, width, rows, numbers, nearest, owners);
  }
}

float squared_distance(const float* a, const float* b, std::size_t width) {
  Floats sums[2] = {};
  std::size_t at = 0;
  for (; at + 2 * kLanes <= width; at += 2 * kLanes) {
    const Floats first = load(a + at) - load(b + at);
    const Floats second = load(a + at + kLanes) - load(b + at + kLanes);
    sums[0] += first * first;
    sums[1] += second * second;
  }
  float rest = 0;
  for (; at < width; ++at) rest += (a[at] - b[at]) * (a[at] - b[at]);
  return sum(sums[0] + sums[1]) + rest;
}

void prefetch(const float* row, std::size_t width) {
  for (std::size_t at = 0; at < width; at += kNumbersOfLine) __builtin_prefetch(row + at);
}

bool is_finite(const float* row, std::size_t width) {
  Floats sums{};
  std::size_t at = 0;
  for (; at + kLanes <= width; at += kLanes) {
    const Floats numbers = load(row + at);
    sums += numbers - numbers;  // zero, or NaN
  }
  float rest = 0;
  for (; at < width; ++at) rest += row[at] - row[at];
  return sum(sums) + rest == 0.0F;
}

}  // namespace

bool pack_block(const float* const* rows, std::size_t count, std::size_t width, float* block) noexcept {
  bool finite = true;
  for (std::size_t sample = 0; sample < kBlockSamples; ++sample) {
    // Rows of a block may lie anywhere.
    if (sample + kRowsAhead < count) prefetch(rows[sample + kRowsAhead], width);
    if (sample < count) {
      const float* row = rows[sample];
      finite = finite && is_finite(row, width);
      for (std::size_t at = 0; at < width; ++at) block[at * kBlockSamples + sample] = row[at];
    } else {
      for (std::size_t at = 0; at < width; ++at) block[at * kBlockSamples + sample] = 0.0F;
    }
  }
  return finite;
}

void visit_centers(const float* block, std::size_t width, const float* const* centers, const std::int32_t* numbers,
                   std::size_t count, float* nearest, std::int32_t* owners) noexcept {
  for (std::size_t sample = 0; sample < kBlockSamples; sample += kSamples) {
    std::size_t center = 0;
    for (; center + kCenters <= count; center += kCenters) {
      visit<kCenters>(block + sample, width, centers + center, numbers + center, nearest + sample, owners + sample);
    }
    visit_rest<kCenters - 1>(count - center, block + sample, width, centers + center, numbers + center,
                             nearest + sample, owners + sample);
  }
}

float largest(const float* numbers) noexcept {
  Floats most = load(numbers);
  for (std::size_t at = kLanes; at < kBlockSamples; at += kLanes) most = greater(most, load(numbers + at));
  return maximum(most);
}

void squared_distances(const float* one, const float* const* others, std::size_t count, std::size_t width,
                       float* out) noexcept {
  for (std::size_t other = 0; other < count; ++other) out[other] = squared_distance(one, others[other], width);
}

float bounding_ball(const float* block, std::size_t count, std::size_t width, float* middle) noexcept {
  float sums[kBlockSamples] = {};
  for (std::size_t at = 0; at < width; ++at) {
    const float* numbers = block + at * kBlockSamples;
    float total = 0;
    for (std::size_t sample = 0; sample < count; ++sample) total += numbers[sample];
    middle[at] = total / static_cast<float>(count);
    for (std::size_t sample = 0; sample < count; ++sample) {
      const float difference = numbers[sample] - middle[at];
      sums[sample] += difference * difference;
    }
  }
  float most = 0;
  for (std::size_t sample = 0; sample < count; ++sample) most = sums[sample] > most ? sums[sample] : most;
  return most;
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE

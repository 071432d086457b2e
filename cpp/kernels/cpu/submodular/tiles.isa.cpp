#include "kernels/cpu/submodular/tiles.hpp"

#include "kernels/cpu/submodular/whole_numbers.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

using Unsigned [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = std::uint32_t;
using Words [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = std::uint64_t;

// What is added to this has its last bit at 1: the bits of the sum less those of this are the whole number.
constexpr double kWhole = 0x1.8p52;

MODYN_INLINE std::uint64_t whole_gain(float gain, double scale) {
  const double positive = static_cast<double>(gain > 0 ? gain : 0.0F);
  return __builtin_bit_cast(std::uint64_t, positive* scale + kWhole) - __builtin_bit_cast(std::uint64_t, kWhole);
}

MODYN_INLINE void add_lanes(Ints sums, std::int64_t* to) {
  // Wide lanes one by one would cost more than the tile; the compiler makes vector code of this loop.
  std::int32_t lanes[kLanes];
  store_ints(lanes, sums);
  for (std::size_t lane = 0; lane < kLanes; ++lane) to[lane] += static_cast<std::uint32_t>(lanes[lane]);
}

}  // namespace

void complete_products(float* products, const float* embeddings, std::size_t rows, std::size_t columns) noexcept {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; column += kLanes) {
      float* to = products + row * kTileColumns + column;
      const Floats product = load(to);
      store(to, product + product * load(embeddings + row * kTileColumns + column));
    }
  }
}

void to_cosine(const float* products, std::size_t rows, std::size_t columns, std::int32_t* similarities) noexcept {
  constexpr float kHalf = static_cast<float>(kOne) / 2;
  const Floats zero = broadcast(0.0F);
  const Floats one = broadcast(static_cast<float>(kOne));
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; column += kLanes) {
      const std::size_t at = row * kTileColumns + column;
      const Floats value = kHalf + kHalf * load(products + at);
      store_ints(similarities + at, whole(smaller(greater(value, zero), one)));
    }
  }
}

void add_gains_of_columns(const std::int32_t* similarities, std::size_t rows, std::size_t columns,
                          const std::int32_t* covered, std::int64_t* sums) noexcept {
  const Ints zero{};
  for (std::size_t column = 0; column < columns; column += kLanes) {
    Ints sum{};
    for (std::size_t row = 0; row < rows; ++row) {
      const Ints similarity = load_ints(similarities + row * kTileColumns + column);
      sum += greater_int(similarity - broadcast_int(covered[row]), zero);
    }
    add_lanes(sum, sums + column);
  }
}

void add_gains_of_rows(const std::int32_t* similarities, std::size_t rows, std::size_t columns,
                       const std::int32_t* covered, std::int64_t* sums) noexcept {
  const Ints zero{};
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int32_t* from = similarities + row * kTileColumns;
    Unsigned sum{};
    std::size_t column = 0;
    for (; column + kLanes <= columns; column += kLanes) {
      sum += reinterpret_cast<Unsigned>(greater_int(load_ints(from + column) - load_ints(covered + column), zero));
    }
    std::uint32_t lanes[kLanes];
    __builtin_memcpy(lanes, &sum, sizeof(lanes));
    std::uint64_t total = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) total += lanes[lane];
    for (; column < columns; ++column) {
      if (from[column] > covered[column]) total += static_cast<std::uint32_t>(from[column] - covered[column]);
    }
    sums[row] += static_cast<std::int64_t>(total);
  }
}

void add_losses_of_columns(const std::int32_t* similarities, std::size_t rows, std::size_t columns,
                           const std::int32_t* before, const std::int32_t* after, const std::int32_t* first_row,
                           std::int64_t* losses) noexcept {
  for (std::size_t column = 0; column < columns; column += kLanes) {
    const Ints first = load_ints(first_row + column);
    Ints sum{};
    for (std::size_t row = 0; row < rows; ++row) {
      const Ints low = broadcast_int(before[row]);
      const Ints similarity = load_ints(similarities + row * kTileColumns + column);
      const Ints lost = smaller_int(greater_int(similarity, low), broadcast_int(after[row])) - low;
      sum += broadcast_int(static_cast<std::int32_t>(row)) >= first ? lost : Ints{};
    }
    add_lanes(sum, losses + column);
  }
}

std::int32_t smallest(const std::int32_t* similarities, std::size_t rows, std::size_t columns) noexcept {
  std::int32_t least = kOne;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::int32_t similarity = similarities[row * kTileColumns + column];
      least = similarity < least ? similarity : least;
    }
  }
  return least;
}

std::int64_t gain_of_row(const float* similarities, const float* covered, double scale, std::size_t count) noexcept {
  const Floats zero{};
  Words low{};
  Words high{};
  std::size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) {
    const Floats gain = greater(load(similarities + at) - load(covered + at), zero);
    HalfFloats halves[2];
    __builtin_memcpy(halves, &gain, sizeof(gain));
    low += reinterpret_cast<Words>(__builtin_convertvector(halves[0], Doubles) * scale + kWhole);
    high += reinterpret_cast<Words>(__builtin_convertvector(halves[1], Doubles) * scale + kWhole);
  }
  std::uint64_t sum = 0;
  for (std::size_t lane = 0; lane < kLanes / 2; ++lane) sum += low[lane] + high[lane];
  sum -= at * __builtin_bit_cast(std::uint64_t, kWhole);
  for (; at < count; ++at) sum += whole_gain(similarities[at] - covered[at], scale);
  return static_cast<std::int64_t>(sum);
}

std::int64_t gain_of_rows(const float* similarities, const std::uint32_t* rows, const float* covered, double scale,
                          std::size_t count) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < count; ++at) sum += whole_gain(similarities[at] - covered[rows[at]], scale);
  return static_cast<std::int64_t>(sum);
}

void raise(float* to, const float* from, std::size_t count) noexcept {
  for (std::size_t at = 0; at < count; ++at) to[at] = to[at] > from[at] ? to[at] : from[at];
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE

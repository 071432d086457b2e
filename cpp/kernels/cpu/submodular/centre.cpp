#include "kernels/cpu/submodular/centre.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/doubles.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kRowsOfPart = 256;

// Of the columns of some rows.
struct Ranges {
  explicit Ranges(std::size_t width)
      : sums(width),
        least(width, std::numeric_limits<float>::infinity()),
        most(width, -std::numeric_limits<float>::infinity()) {}

  void add(const float* row) {
    MODYN_DISPATCH(add_floats)(row, 1.0, sums.data(), sums.size());
    for (std::size_t at = 0; at < least.size(); ++at) {
      least[at] = std::min(least[at], row[at]);
      most[at] = std::max(most[at], row[at]);
    }
  }

  void add(const Ranges& other) {
    for (std::size_t at = 0; at < sums.size(); ++at) {
      sums[at] += other.sums[at];
      least[at] = std::min(least[at], other.least[at]);
      most[at] = std::max(most[at], other.most[at]);
    }
  }

  std::vector<double> sums;
  std::vector<float> least;
  std::vector<float> most;
};

double middle_of(double mean, double least, double most) {
  if (least == most) return least;
  const double step = std::ldexp(1.0, std::ilogb(most - least) - 1);
  return step * std::nearbyint(mean / step);
}

}  // namespace

Centre centre_rows(std::span<float> rows, std::size_t width, const Threads& threads) {
  const std::size_t count = width == 0 ? 0 : rows.size() / width;
  const std::size_t parts = (count + kRowsOfPart - 1) / kRowsOfPart;
  const auto each_row = [&](std::size_t part, auto&& visit) {
    for (std::size_t i = part * kRowsOfPart; i < std::min(count, (part + 1) * kRowsOfPart); ++i) {
      visit(rows.data() + i * width);
    }
  };
  std::vector<Ranges> ranges(parts, Ranges(width));
  threads.for_each(parts, [&](std::size_t part) { each_row(part, [&](const float* row) { ranges[part].add(row); }); });
  Centre centre{.middle = std::vector<double>(width), .exponent = 0};
  if (count == 0) return centre;
  // Sums of parts are added in their order, so the mean does not depend on the threads.
  for (std::size_t part = 1; part < parts; ++part) ranges[0].add(ranges[part]);
  double largest = 0;
  for (std::size_t at = 0; at < width; ++at) {
    const double least = static_cast<double>(ranges[0].least[at]);
    const double most = static_cast<double>(ranges[0].most[at]);
    centre.middle[at] = middle_of(ranges[0].sums[at] / static_cast<double>(count), least, most);
    largest = std::max({largest, most - centre.middle[at], centre.middle[at] - least});
  }
  std::frexp(largest, &centre.exponent);
  const double factor = std::ldexp(1.0, -centre.exponent);
  threads.for_each(parts, [&](std::size_t part) {
    each_row(part, [&](float* row) {
      for (std::size_t at = 0; at < width; ++at) {
        row[at] = static_cast<float>((static_cast<double>(row[at]) - centre.middle[at]) * factor);
      }
    });
  });
  for (double& number : centre.middle) number *= factor;
  return centre;
}

}  // namespace modyn::kernels

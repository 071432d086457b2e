#include "kernels/cpu/submodular/distance_terms.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/inner_products.hpp"
#include "kernels/cpu/submodular/centre.hpp"
#include "kernels/cpu/submodular/tiles.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kRowsOfPart = kTileRows;

// By the same sums as all other inner products: equal rows have distance 0 exactly.
std::vector<double> squared_norms(std::span<const float> rows, std::size_t width, const Threads& threads) {
  std::vector<double> norms(rows.size() / width);
  threads.for_each((norms.size() + kRowsOfPart - 1) / kRowsOfPart, [&](std::size_t part) {
    const std::size_t first = part * kRowsOfPart;
    const std::size_t count = std::min(kRowsOfPart, norms.size() - first);
    std::vector<float> packed(MODYN_DISPATCH(packed_size)(count, width));
    std::vector<double> wide(count * width);
    std::vector<double> products(count * count);
    MODYN_DISPATCH(pack_rows)(rows.data() + first * width, width, count, width, packed.data());
    MODYN_DISPATCH(widen)(rows.data() + first * width, count * width, wide.data());
    MODYN_DISPATCH(wide_inner_products)(wide.data(), count, packed.data(), count, width, products.data(), count);
    for (std::size_t i = 0; i < count; ++i) norms[first + i] = products[i * count + i];
  });
  return norms;
}

double squared_norm(const std::vector<double>& numbers) {
  return MODYN_DISPATCH(product_of_doubles)(numbers.data(), numbers.data(), numbers.size());
}

// Of the distance to a gradient that is made of the middles of both factors.
double squared_distance_to_middle(const SampleTerms& of) {
  return of.gradient * of.whole_rest + of.embedding * of.whole_gradient + 2 * of.along_gradient * of.along_rest;
}

}  // namespace

DistanceTerms::DistanceTerms(std::span<float> gradients, std::size_t classes, std::span<float> embeddings,
                             std::size_t embedding, const Threads& threads) {
  const Centre of_gradients = centre_rows(gradients, classes, threads);
  const std::vector<double> norms = squared_norms(gradients, classes, threads);
  terms_.resize(norms.size());
  for (std::size_t i = 0; i < norms.size(); ++i) terms_[i].gradient = norms[i];
  int exponent = of_gradients.exponent;
  double largest = norms.empty() ? 0 : *std::max_element(norms.begin(), norms.end());
  if (embedding > 0) {
    const Centre of_embeddings = centre_rows(embeddings, embedding, threads);
    exponent += of_embeddings.exponent;
    const std::vector<double> embedding_norms = squared_norms(embeddings, embedding, threads);
    const double gradient_middle = squared_norm(of_gradients.middle);
    // The first number of [1 ; e] too is divided by the power of two of the others.
    const double rest_middle = squared_norm(of_embeddings.middle) + std::ldexp(1.0, -2 * of_embeddings.exponent);
    largest = 0;
    for (std::size_t i = 0; i < norms.size(); ++i) {
      SampleTerms& own = terms_[i];
      own.embedding = embedding_norms[i];
      own.along_gradient =
          MODYN_DISPATCH(product_of_both)(of_gradients.middle.data(), gradients.data() + i * classes, classes);
      own.along_rest =
          MODYN_DISPATCH(product_of_both)(of_embeddings.middle.data(), embeddings.data() + i * embedding, embedding);
      own.whole_gradient = gradient_middle + 2 * own.along_gradient + own.gradient;
      own.whole_rest = rest_middle + 2 * own.along_rest;
      largest = std::max(largest, squared_distance_to_middle(own));
    }
  }
  int of_largest = 0;
  std::frexp(std::sqrt(largest), &of_largest);  // below 2^of_largest, and distances below twice that
  bound_ = std::ldexp(1.0, exponent + of_largest + 1);
  scale_ = std::ldexp(1.0, -2 * of_largest);
}

}  // namespace modyn::kernels

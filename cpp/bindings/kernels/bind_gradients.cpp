#include "kernels/bind.hpp"
#include "modyn/kernels/gradients.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;

kernels::GradientFactors factors(Address gradients, Address embeddings, std::size_t count, std::size_t classes,
                                 std::size_t embedding) {
  return {.gradients = pointer<const float>(gradients),
          .embeddings = pointer<const float>(embeddings),
          .count = count,
          .classes = classes,
          .embedding = embedding};
}

}  // namespace

void bind_gradients(py::module_& module) {
  module.def(
      "gradient_inner_products",
      [](Address gradients, Address embeddings, std::size_t count, Address other_gradients, Address other_embeddings,
         std::size_t other_count, std::size_t classes, std::size_t embedding, Address out, unsigned parallel) {
        kernels::gradient_inner_products(factors(gradients, embeddings, count, classes, embedding),
                                         factors(other_gradients, other_embeddings, other_count, classes, embedding),
                                         pointer<float>(out), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "gradient_distances",
      [](Address gradients, Address embeddings, std::size_t count, Address other_gradients, Address other_embeddings,
         std::size_t other_count, std::size_t classes, std::size_t embedding, Address out, unsigned parallel) {
        kernels::gradient_distances(factors(gradients, embeddings, count, classes, embedding),
                                    factors(other_gradients, other_embeddings, other_count, classes, embedding),
                                    pointer<float>(out), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "gradient_squared_norms",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address out, unsigned parallel) {
        kernels::gradient_squared_norms(factors(gradients, embeddings, count, classes, embedding), pointer<double>(out),
                                        threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "gradient_correlations",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address residual, Address out, unsigned parallel) {
        kernels::gradient_correlations(factors(gradients, embeddings, count, classes, embedding),
                                       pointer<const float>(residual), pointer<float>(out), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "gradient_weighted_sum",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address weights, Address out, unsigned parallel) {
        kernels::gradient_weighted_sum(factors(gradients, embeddings, count, classes, embedding),
                                       pointer<const double>(weights), pointer<double>(out), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

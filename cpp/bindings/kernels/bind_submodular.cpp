#include <pybind11/stl.h>

#include <string>

#include "kernels/bind.hpp"
#include "modyn/kernels/submodular.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;

kernels::Similarity similarity_of(const std::string& name) {
  if (name == "cosine") return kernels::Similarity::kCosine;
  if (name == "distance") return kernels::Similarity::kDistance;
  throw py::value_error("similarity '" + name + "' is unknown, expected cosine or distance");
}

kernels::Optimizer optimizer_of(const std::string& name) {
  if (name == "naive") return kernels::Optimizer::kNaive;
  if (name == "lazy") return kernels::Optimizer::kLazy;
  if (name == "stochastic") return kernels::Optimizer::kStochastic;
  if (name == "approximate_lazy") return kernels::Optimizer::kApproximateLazy;
  throw py::value_error("optimizer '" + name + "' is unknown, expected naive, lazy, stochastic or approximate_lazy");
}

kernels::Greedy greedy_of(const std::string& optimizer, double epsilon, double beta, std::int64_t seed) {
  return {
      .optimizer = optimizer_of(optimizer), .epsilon = epsilon, .beta = beta, .seed = static_cast<std::uint64_t>(seed)};
}

kernels::Groups groups_of(Address groups, std::size_t count, Address budgets) {
  return {.of_samples = pointer<const std::int64_t>(groups),
          .count = count,
          .budgets = pointer<const std::int64_t>(budgets)};
}

kernels::Picks picks_of(Address picks, Address gains, std::size_t count) {
  return {.samples = pointer<std::int64_t>(picks), .gains = pointer<double>(gains), .count = count};
}

kernels::GradientFactors samples_of(Address gradients, Address embeddings, std::size_t count, std::size_t classes,
                                    std::size_t embedding) {
  return {.gradients = pointer<const float>(gradients),
          .embeddings = pointer<const float>(embeddings),
          .count = count,
          .classes = classes,
          .embedding = embedding};
}

}  // namespace

void bind_submodular(py::module_& module) {
  module.def(
      "facility_location",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address groups, std::size_t group_count, Address budgets, const std::string& similarity,
         const std::string& optimizer, double epsilon, double beta, std::int64_t seed, Address picks, Address gains,
         std::size_t k, unsigned parallel) {
        kernels::facility_location(samples_of(gradients, embeddings, count, classes, embedding),
                                   similarity_of(similarity), groups_of(groups, group_count, budgets),
                                   greedy_of(optimizer, epsilon, beta, seed), picks_of(picks, gains, k),
                                   threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "facility_location_dense",
      [](Address similarities, std::size_t rows, std::size_t columns, const std::string& optimizer, double epsilon,
         double beta, std::int64_t seed, Address picks, Address gains, std::size_t k, unsigned parallel) {
        kernels::facility_location_dense(pointer<const float>(similarities), rows, columns,
                                         greedy_of(optimizer, epsilon, beta, seed), picks_of(picks, gains, k),
                                         threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "graph_cut",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address groups, std::size_t group_count, Address budgets, const std::string& similarity, double weight,
         const std::string& optimizer, double epsilon, double beta, std::int64_t seed, Address picks, Address gains,
         std::size_t k, unsigned parallel) {
        kernels::graph_cut(samples_of(gradients, embeddings, count, classes, embedding), similarity_of(similarity),
                           weight, groups_of(groups, group_count, budgets), greedy_of(optimizer, epsilon, beta, seed),
                           picks_of(picks, gains, k), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "graph_cut_dense",
      [](Address similarities, std::size_t count, double weight, const std::string& optimizer, double epsilon,
         double beta, std::int64_t seed, Address picks, Address gains, std::size_t k, unsigned parallel) {
        kernels::graph_cut_dense(pointer<const float>(similarities), count, weight,
                                 greedy_of(optimizer, epsilon, beta, seed), picks_of(picks, gains, k),
                                 threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "log_determinant",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address groups, std::size_t group_count, Address budgets, double ridge, const std::string& optimizer,
         double epsilon, double beta, std::int64_t seed, Address picks, Address gains, std::size_t k,
         unsigned parallel) {
        kernels::log_determinant(samples_of(gradients, embeddings, count, classes, embedding), ridge,
                                 groups_of(groups, group_count, budgets), greedy_of(optimizer, epsilon, beta, seed),
                                 picks_of(picks, gains, k), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "log_determinant_dense",
      [](Address similarities, std::size_t count, double ridge, const std::string& optimizer, double epsilon,
         double beta, std::int64_t seed, Address picks, Address gains, std::size_t k, unsigned parallel) {
        kernels::log_determinant_dense(pointer<const float>(similarities), count, ridge,
                                       greedy_of(optimizer, epsilon, beta, seed), picks_of(picks, gains, k),
                                       threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "nearest_pick",
      [](Address gradients, Address embeddings, std::size_t count, std::size_t classes, std::size_t embedding,
         Address groups, std::size_t group_count, Address picks, std::size_t k, const std::string& similarity,
         Address nearest, Address similarities, unsigned parallel) {
        kernels::nearest_pick(samples_of(gradients, embeddings, count, classes, embedding), similarity_of(similarity),
                              groups_of(groups, group_count, 0), pointer<const std::int64_t>(picks), k,
                              pointer<std::int64_t>(nearest), pointer<float>(similarities), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

#include <pybind11/stl.h>

#include <vector>

#include "kernels/bind.hpp"
#include "modyn/kernels/matching_pursuit.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;
using Sizes = std::vector<std::size_t>;

// Group i has the samples offsets[i] ... offsets[i + 1] - 1.
std::vector<std::int64_t> matching_pursuit(Address gradients, Address embeddings, std::size_t classes,
                                           std::size_t embedding, const Sizes& offsets, const Sizes& budgets,
                                           Address targets, double ridge, double unit_sum, double tolerance,
                                           bool nonnegative, Address picks, Address weights, unsigned parallel) {
  const std::size_t size_of_target = classes * (embedding + 1);
  std::vector<kernels::PursuitProblem> problems;
  for (std::size_t group = 0; group < budgets.size(); ++group) {
    const std::size_t first = offsets[group];
    problems.push_back(
        {.samples = {.gradients = pointer<const float>(gradients) + first * classes,
                     .embeddings = embeddings == 0 ? nullptr : pointer<const float>(embeddings) + first * embedding,
                     .count = offsets[group + 1] - first,
                     .classes = classes,
                     .embedding = embedding},
         .target = targets == 0 ? nullptr : pointer<const float>(targets) + group * size_of_target,
         .picks = budgets[group]});
  }
  return kernels::matching_pursuit(
      problems, {.ridge = ridge, .unit_sum = unit_sum, .tolerance = tolerance, .nonnegative = nonnegative},
      pointer<std::int64_t>(picks), pointer<double>(weights), threads(parallel));
}

}  // namespace

void bind_matching_pursuit(py::module_& module) {
  module.def("matching_pursuit", &matching_pursuit, py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

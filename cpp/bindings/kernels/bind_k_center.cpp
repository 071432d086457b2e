#include <pybind11/stl.h>

#include <vector>

#include "kernels/bind.hpp"
#include "modyn/kernels/k_center.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;
using Sizes = std::vector<std::size_t>;

// Group i has samples[offsets[i]] ... samples[offsets[i + 1] - 1].
std::int64_t k_center(Address features, std::size_t width, Address samples, const Sizes& offsets, const Sizes& budgets,
                      const Sizes& firsts, Address centers, std::size_t center_count, Address picks, Address distances,
                      unsigned parallel) {
  std::vector<kernels::KCenterProblem> problems;
  for (std::size_t group = 0; group < budgets.size(); ++group) {
    problems.push_back({.features = pointer<const float>(features),
                        .samples = pointer<const std::int64_t>(samples) + offsets[group],
                        .count = offsets[group + 1] - offsets[group],
                        .width = width,
                        .centers = pointer<const float>(centers),
                        .center_count = center_count,
                        .picks = budgets[group],
                        .first = firsts[group]});
  }
  return kernels::k_center(problems, pointer<std::int64_t>(picks), pointer<float>(distances), threads(parallel));
}

}  // namespace

void bind_k_center(py::module_& module) { module.def("k_center", &k_center, py::call_guard<py::gil_scoped_release>()); }

}  // namespace modyn::bindings

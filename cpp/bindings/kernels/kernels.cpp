// modyn._kernels: the selection kernels for Python. python/modyn/ops.py makes torch operators of them.
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "kernels/bind.hpp"
#include "modyn/kernels/isa.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

kernels::Threads::ForEach pool_for_each = nullptr;

void use_pool(const py::capsule& function) { pool_for_each = *function.get_pointer<kernels::Threads::ForEach>(); }

std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (const kernels::Isa isa : kernels::available_isas()) names.emplace_back(kernels::name_of(isa));
  return names;
}

void use_isa(const std::string& name) {
  for (const kernels::Isa isa : kernels::available_isas()) {
    if (kernels::name_of(isa) == name) return kernels::use_isa(isa);
  }
  throw py::value_error("this processor has no instruction set '" + name + "'");
}

}  // namespace

kernels::Threads threads(unsigned parallel) { return {pool_for_each, nullptr, parallel}; }

}  // namespace modyn::bindings

PYBIND11_MODULE(_kernels, module) {
  using namespace modyn::bindings;
  module.doc() = "Native selection kernels over raw buffers; call them through modyn.ops.";
  module.def("use_pool", &use_pool, py::arg("function"), "Use the threads of modyn._native (its thread_pool()).");
  module.def("isas", &isas, "Sets of vector instructions that this processor has, the best last.");
  module.def("isa", [] { return std::string(modyn::kernels::name_of(modyn::kernels::isa())); }, "The set in use.");
  module.def("use_isa", &use_isa, py::arg("name"), "Use this set from now on. ValueError if the processor has none.");
  bind_binary(module);
  bind_classification(module);
  bind_gradients(module);
  bind_k_center(module);
  bind_matching_pursuit(module);
  bind_sampling(module);
  bind_submodular(module);
  bind_top_k(module);
}

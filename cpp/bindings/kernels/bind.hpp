// The parts of modyn._kernels, one for each family of kernels.
//
// Tensors arrive as addresses (Tensor.data_ptr()) and sizes: python/modyn/kernels has checked types, shapes and layout.
// Every call releases the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "modyn/kernels/threads.hpp"

namespace modyn::bindings {

// At most `parallel` threads of the process's pool, which modyn._native has.
[[nodiscard]] kernels::Threads threads(unsigned parallel);

template <typename T>
[[nodiscard]] T* pointer(std::uintptr_t address) noexcept {
  return reinterpret_cast<T*>(address);
}

void bind_binary(pybind11::module_& module);
void bind_classification(pybind11::module_& module);
void bind_gradients(pybind11::module_& module);
void bind_k_center(pybind11::module_& module);
void bind_matching_pursuit(pybind11::module_& module);
void bind_sampling(pybind11::module_& module);
void bind_submodular(pybind11::module_& module);
void bind_top_k(pybind11::module_& module);

}  // namespace modyn::bindings

#include <algorithm>

#include "kernels/bind.hpp"
#include "modyn/kernels/sampling.hpp"
#include "modyn/selection.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using AddressOfData = std::uintptr_t;

Address address(std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose, std::uint64_t index) {
  return {.seed = seed, .trigger = trigger, .purpose = static_cast<Purpose>(purpose), .index = index};
}

}  // namespace

void bind_sampling(py::module_& module) {
  module.def(
      "weighted_sample",
      [](AddressOfData weights, bool is_double, std::size_t count, std::size_t k, double smoothing, std::uint64_t seed,
         std::uint32_t trigger, std::uint32_t purpose, std::uint64_t index, AddressOfData indices,
         AddressOfData probabilities, unsigned parallel) {
        const kernels::Weights of_samples{
            .values = pointer<const void>(weights),
            .type = is_double ? kernels::WeightType::kFloat64 : kernels::WeightType::kFloat32,
            .count = count};
        return kernels::weighted_sample(
            of_samples, k, smoothing, address(seed, trigger, purpose, index),
            {.indices = pointer<std::int64_t>(indices), .probabilities = pointer<double>(probabilities)},
            threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "priorities",
      [](AddressOfData keys, std::size_t count, std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose,
         std::uint64_t index, AddressOfData out, unsigned parallel) {
        constexpr std::size_t kOfPart = std::size_t{1} << 16;
        const Priorities priorities(address(seed, trigger, purpose, index));
        threads(parallel).for_each((count + kOfPart - 1) / kOfPart, [&](std::size_t part) {
          const std::size_t first = part * kOfPart;
          const std::size_t of_part = std::min(kOfPart, count - first);
          priorities.apply({pointer<const Key>(keys) + first, of_part}, {pointer<std::uint64_t>(out) + first, of_part});
        });
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

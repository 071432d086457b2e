#include "kernels/bind.hpp"
#include "modyn/kernels/binary.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;

kernels::Logits logits_at(Address values, int element, std::size_t count, std::size_t labels) {
  return {.values = pointer<const void>(values),
          .element = static_cast<kernels::Element>(element),
          .count = count,
          .classes = labels};
}

kernels::BinaryCrossEntropy criterion_of(Address targets, Address weights, std::size_t weights_stride,
                                         Address positive_weights, std::size_t positive_weights_stride) {
  return {.targets = pointer<const void>(targets),
          .weights = {.values = pointer<const void>(weights), .row_stride = weights_stride},
          .positive_weights = {.values = pointer<const void>(positive_weights), .row_stride = positive_weights_stride}};
}

}  // namespace

void bind_binary(py::module_& module) {
  module.def(
      "binary_scores",
      [](Address logits, int element, std::size_t count, std::size_t labels, Address targets, Address weights,
         std::size_t weights_stride, Address positive_weights, std::size_t positive_weights_stride, Address loss,
         Address max_probability, Address margin, Address entropy, Address gradient_norm, Address label_probability,
         Address label_margin, Address correct, unsigned parallel) {
        const kernels::BinaryScores scores{.loss = pointer<void>(loss),
                                           .max_probability = pointer<void>(max_probability),
                                           .margin = pointer<void>(margin),
                                           .entropy = pointer<void>(entropy),
                                           .gradient_norm = pointer<void>(gradient_norm),
                                           .label_probability = pointer<void>(label_probability),
                                           .label_margin = pointer<void>(label_margin),
                                           .correct = pointer<std::uint8_t>(correct)};
        kernels::binary_scores(
            logits_at(logits, element, count, labels),
            criterion_of(targets, weights, weights_stride, positive_weights, positive_weights_stride), scores,
            threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "binary_gradients",
      [](Address logits, int element, std::size_t count, std::size_t labels, Address targets, Address weights,
         std::size_t weights_stride, Address positive_weights, std::size_t positive_weights_stride, Address of_loss,
         Address of_max_probability, Address of_margin, Address of_entropy, Address gradients, unsigned parallel) {
        const kernels::ScoreDerivatives outer{.loss = pointer<const void>(of_loss),
                                              .max_probability = pointer<const void>(of_max_probability),
                                              .margin = pointer<const void>(of_margin),
                                              .entropy = pointer<const void>(of_entropy)};
        kernels::binary_gradients(
            logits_at(logits, element, count, labels),
            criterion_of(targets, weights, weights_stride, positive_weights, positive_weights_stride), outer,
            pointer<void>(gradients), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

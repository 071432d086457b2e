#include "kernels/bind.hpp"
#include "modyn/kernels/classification.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;

kernels::Logits logits_at(Address values, int element, std::size_t count, std::size_t classes) {
  return {.values = pointer<const void>(values),
          .element = static_cast<kernels::Element>(element),
          .count = count,
          .classes = classes};
}

kernels::CrossEntropy criterion_of(Address labels, Address probabilities, Address class_weights,
                                   std::int64_t ignore_index, double label_smoothing) {
  return {.labels = pointer<const std::int64_t>(labels),
          .probabilities = pointer<const void>(probabilities),
          .class_weights = pointer<const void>(class_weights),
          .ignore_index = ignore_index,
          .label_smoothing = label_smoothing};
}

// As Python has it: -1 for no row.
std::int64_t row_or_none(std::size_t row) { return row == kernels::kNoRow ? -1 : static_cast<std::int64_t>(row); }

}  // namespace

void bind_classification(py::module_& module) {
  module.def(
      "classification_scores",
      [](Address logits, int element, std::size_t count, std::size_t classes, Address labels, Address probabilities,
         Address class_weights, std::int64_t ignore_index, double label_smoothing, Address loss,
         Address max_probability, Address margin, Address entropy, Address gradient_norm, Address label_probability,
         Address label_margin, Address correct, unsigned parallel) {
        const kernels::ClassificationScores scores{.loss = pointer<void>(loss),
                                                   .max_probability = pointer<void>(max_probability),
                                                   .margin = pointer<void>(margin),
                                                   .entropy = pointer<void>(entropy),
                                                   .gradient_norm = pointer<void>(gradient_norm),
                                                   .label_probability = pointer<void>(label_probability),
                                                   .label_margin = pointer<void>(label_margin),
                                                   .correct = pointer<std::uint8_t>(correct)};
        return row_or_none(kernels::classification_scores(
            logits_at(logits, element, count, classes),
            criterion_of(labels, probabilities, class_weights, ignore_index, label_smoothing), scores,
            threads(parallel)));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "classification_gradients",
      [](Address logits, int element, std::size_t count, std::size_t classes, Address labels, Address probabilities,
         Address class_weights, std::int64_t ignore_index, double label_smoothing, Address of_loss,
         Address of_max_probability, Address of_margin, Address of_entropy, Address gradients, unsigned parallel) {
        const kernels::ScoreDerivatives outer{.loss = pointer<const void>(of_loss),
                                              .max_probability = pointer<const void>(of_max_probability),
                                              .margin = pointer<const void>(of_margin),
                                              .entropy = pointer<const void>(of_entropy)};
        return row_or_none(kernels::classification_gradients(
            logits_at(logits, element, count, classes),
            criterion_of(labels, probabilities, class_weights, ignore_index, label_smoothing), outer,
            pointer<void>(gradients), threads(parallel)));
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

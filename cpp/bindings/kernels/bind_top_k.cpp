#include "kernels/bind.hpp"
#include "modyn/kernels/top_k.hpp"

namespace py = pybind11;

namespace modyn::bindings {
namespace {

using Address = std::uintptr_t;

kernels::Scores scores_at(Address values, int type, std::size_t count) {
  return {.values = pointer<const void>(values), .type = static_cast<kernels::ScoreType>(type), .count = count};
}

kernels::Best best(bool largest) { return largest ? kernels::Best::kLargest : kernels::Best::kSmallest; }
kernels::Order order(bool by_score) { return by_score ? kernels::Order::kByScore : kernels::Order::kByIndex; }

}  // namespace

void bind_top_k(py::module_& module) {
  module.def(
      "top_k",
      [](Address scores, int type, std::size_t count, std::size_t k, bool largest, bool by_score, Address picks,
         unsigned parallel) {
        kernels::top_k(scores_at(scores, type, count), k, best(largest), order(by_score), pointer<std::int64_t>(picks),
                       threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def(
      "segmented_top_k",
      [](Address scores, int type, std::size_t count, Address segments, std::size_t segment_count, Address sizes,
         Address takes, bool largest, bool by_score, Address picks, unsigned parallel) {
        const kernels::Segments of_scores{.of_scores = pointer<const std::int64_t>(segments),
                                          .count = segment_count,
                                          .sizes = pointer<const std::int64_t>(sizes),
                                          .takes = pointer<const std::int64_t>(takes)};
        kernels::segmented_top_k(scores_at(scores, type, count), of_scores, best(largest), order(by_score),
                                 pointer<std::int64_t>(picks), threads(parallel));
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace modyn::bindings

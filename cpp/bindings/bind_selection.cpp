#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/selection.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

template <typename T>
std::vector<T> vector_of(const Column<T>& column) {
  return {column.span().begin(), column.span().end()};
}

std::vector<std::uint64_t> vector_of(const std::optional<Column<std::uint64_t>>& column) {
  return column ? vector_of(*column) : std::vector<std::uint64_t>();
}

auto array_of(std::span<const std::uint64_t> values) {
  Buffer<std::uint64_t> array(values.size());
  std::ranges::copy(values, array.span().begin());
  return std::move(array).to_array();
}

void bind_rules(nb::module_& module) {
  nb::class_<Priorities>(module, "Priorities",
                         "What random choices of samples compare: a permutation of [0, PRIORITY_END), keyed by Philox.")
      .def(
          "__init__",
          [](Priorities* self, std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose, std::uint64_t index) {
            new (self) Priorities(
                {.seed = seed, .trigger = trigger, .purpose = static_cast<Purpose>(purpose), .index = index});
          },
          "seed"_a, "trigger"_a, "purpose"_a, "index"_a)
      .def(
          "apply",
          [](const Priorities& priorities, const Column<Key>& keys) {
            Buffer<std::uint64_t> out(keys.span().size());
            released([&] { priorities.apply(keys.span(), out.span()); });
            return std::move(out).to_array();
          },
          "keys"_a, "uint64[n] priorities of int64[n] keys, which must not be negative.");
  module.attr("PRIORITY_END") = Priorities::kEnd;

  nb::class_<Groups>(module, "Groups", "Which group a sample of a window belongs to, if to any.")
      .def_static("all", &Groups::all, "One group.")
      .def_static(
          "parts", [](const Column<std::uint64_t>& ends) { return Groups::parts(vector_of(ends)); }, "ends"_a,
          "Group i holds samples [ends[i - 1], ends[i]) of the window. ValueError if the ends descend.")
      .def_static(
          "by_label", [](const Column<std::int64_t>& labels) { return Groups::by_label(vector_of(labels)); },
          "labels"_a, "Group i holds the samples with labels[i]. ValueError if the labels do not ascend.")
      .def("__len__", &Groups::size);

  nb::class_<Band>(module, "Band", "The samples of group i whose priority is in [from_priority[i], to_priority[i]).")
      .def(
          "__init__",
          [](Band* self, const Priorities& priorities, const Groups& groups,
             const std::optional<Column<std::uint64_t>>& from, const std::optional<Column<std::uint64_t>>& to) {
            new (self) Band{priorities, groups, vector_of(from), vector_of(to)};
          },
          "priorities"_a, "groups"_a, nb::kw_only(), "from_priority"_a = nb::none(), "to_priority"_a = nb::none());
}

}  // namespace

void bind_selection(nb::module_& module) {
  bind_rules(module);
  module.def(
      "count_samples_of_groups",
      [](const Sequence& window, const Groups& groups, const Rule& among) {
        return array_of(released([&] { return count(window, groups, among); }));
      },
      "window"_a, "groups"_a, "among"_a = Rule(),
      "uint64[g]: how many samples of each group lie in all bands of `among`.");
  module.def(
      "priority_bounds",
      [](const Sequence& window, const Groups& groups, const Priorities& priorities,
         const Column<std::uint64_t>& quotas, const Column<std::uint64_t>& counts, const Rule& among) {
        return array_of(
            released([&] { return bounds(window, groups, priorities, quotas.span(), counts.span(), among); }));
      },
      "window"_a, "groups"_a, "priorities"_a, "quotas"_a, "counts"_a, "among"_a = Rule(),
      "uint64[g] bounds: exactly min(quotas[i], counts[i]) samples of group i among those have a lower priority.\n\n"
      "`counts` is what count_samples_of_groups says of the same window. Raises ValueError if it is not.");
  module.def(
      "choose",
      [](const Sequence& window, const std::vector<Rule>& any_of) {
        return released([&] { return choose(window, any_of); });
      },
      "window"_a, "any_of"_a,
      "The samples that lie in all bands of one of the rules, in their order.\n\nKeeps at most a bit for each sample.");
  module.def(
      "latest",
      [](const Sequence& window, const Column<std::uint64_t>& ends) {
        Distinct distinct = released([&] { return latest(window, vector_of(ends)); });
        return nb::make_tuple(std::move(distinct.samples), array_of(distinct.ends));
      },
      "window"_a, "ends"_a,
      nb::sig("def latest(window: Sequence, ends: numpy.typing.ArrayLike) -> "
              "tuple[Sequence, numpy.typing.NDArray[numpy.uint64]]"),
      "(the last sample of each key, uint64[n] where parts that end at `ends` end then). Free for ranges of a view.");
}

}  // namespace modyn::bindings

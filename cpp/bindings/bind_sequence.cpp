#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/sequence.hpp"
#include "paths.hpp"
#include "ranges.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

// One column of samples [first, first + count), the one that `wanted` puts a span into.
template <typename T, typename Wanted>
auto column_of(const Sequence& sequence, std::uint64_t first, std::uint64_t count, const Wanted& wanted) {
  sequence.check_range(first, count);  // before memory is taken for it
  Buffer<T> column(count);
  released([&] { sequence.read(first, count, wanted(column.span())); });
  return std::move(column).to_array();
}

// Keys, and weights if there are any, filled by read(columns).
template <typename Read>
nb::tuple keys_and_weights(const Sequence& sequence, std::size_t size, const Read& read) {
  Buffer<Key> keys(size);
  Buffer<float> weights(sequence.weighted() ? size : 0);
  released([&] { read(SampleColumns{.keys = keys.span(), .weights = weights.span()}); });
  nb::object no_weights = nb::none();
  return sequence.weighted() ? nb::make_tuple(std::move(keys).to_array(), std::move(weights).to_array())
                             : nb::make_tuple(std::move(keys).to_array(), no_weights);
}

nb::tuple label_counts(const Sequence& sequence) {
  const std::vector<LabelCount> counts = released([&] { return sequence.label_counts(); });
  Buffer<std::int64_t> labels(counts.size());
  Buffer<std::uint64_t> samples(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    labels.span()[i] = counts[i].label;
    samples.span()[i] = counts[i].samples;
  }
  return nb::make_tuple(std::move(labels).to_array(), std::move(samples).to_array());
}

Sequence where(const Sequence& sequence, const std::optional<Column<std::int64_t>>& labels,
               std::optional<Timestamp> start, std::optional<Timestamp> end) {
  SampleFilter filter{.labels = std::nullopt, .start = start, .end = end};
  if (labels) filter.labels.emplace(labels->span().begin(), labels->span().end());
  return released([&] { return sequence.where(filter); });
}

void bind_making(nb::class_<Sequence>& bound) {
  bound.def(nb::init<>(), "Without samples.")
      .def_static(
          "of_ranges",
          [](const std::shared_ptr<const View>& view, const Pairs& ranges) {
            return Sequence::of_ranges(view, ranges_of(ranges));
          },
          "view"_a, "ranges"_a, "uint64[m, 2] ranges (first position, count) of a view; ValueError beyond it.")
      .def_static(
          "of_keys",
          [](const std::shared_ptr<const Index>& index, const Column<Key>& keys) {
            return Sequence::of_keys(index, {keys.span().begin(), keys.span().end()});
          },
          "index"_a, "keys"_a, "int64[n] keys, which are copied.")
      .def_static("of_training_set", &Sequence::of_training_set, "training_set"_a, "The samples of a training set.")
      .def_static("join", &Sequence::join, "parts"_a,
                  "One after the other. Weighted if one is; samples of the others have weight 1.")
      .def("slice", &Sequence::slice, "first"_a, "count"_a,
           "Samples [first, first + count); ValueError beyond the end.")
      .def("permuted", &Sequence::permuted, "order"_a,
           "Sample order(i) at place i. Raises ValueError if the order is of another size.")
      .def(
          "with_weights",
          [](const Sequence& sequence, const Column<float>& weights) {
            return sequence.with_weights({weights.span().begin(), weights.span().end()});
          },
          "weights"_a, "The same samples with float32[n] weights; ValueError if there are more or fewer.")
      .def("where", where, nb::kw_only(), "labels"_a = nb::none(), "start"_a = nb::none(), "end"_a = nb::none(),
           "The samples whose label is one of int64[n] labels and whose timestamp is in [start, end).\n\n"
           "Reads the columns once, and keeps at most one bit for each sample.")
      .def("partitions", &Sequence::partitions, "maximum_keys_in_memory"_a,
           "The number of partitions of so many samples; ValueError for 0.")
      .def("partition", &Sequence::partition, "number"_a, "maximum_keys_in_memory"_a,
           "A partition, from 0; the last one may be shorter. Raises ValueError for one that does not exist.")
      .def("share", &Sequence::share, "worker"_a, "workers"_a,
           "The contiguous share of a worker; the first `len mod workers` get one more.\n\n"
           "Raises ValueError if worker >= workers.");
}

void bind_reading(nb::class_<Sequence>& bound) {
  bound.def("__len__", &Sequence::size)
      .def_prop_ro("weighted", &Sequence::weighted)
      .def(
          "keys",
          [](const Sequence& sequence, std::uint64_t first, std::uint64_t count) {
            return column_of<Key>(sequence, first, count, [](auto out) { return SampleColumns{.keys = out}; });
          },
          "first"_a, "count"_a, "int64[count] keys of samples [first, first + count); ValueError beyond the end.")
      .def(
          "timestamps",
          [](const Sequence& sequence, std::uint64_t first, std::uint64_t count) {
            return column_of<Timestamp>(sequence, first, count,
                                        [](auto out) { return SampleColumns{.timestamps = out}; });
          },
          "first"_a, "count"_a, "int64[count] Unix seconds.")
      .def(
          "labels",
          [](const Sequence& sequence, std::uint64_t first, std::uint64_t count) {
            return column_of<std::int64_t>(sequence, first, count,
                                           [](auto out) { return SampleColumns{.labels = out}; });
          },
          "first"_a, "count"_a, "int64[count] labels.")
      .def(
          "read",
          [](const Sequence& sequence, std::uint64_t first, std::uint64_t count) {
            sequence.check_range(first, count);
            return keys_and_weights(sequence, count, [&](const auto& out) { sequence.read(first, count, out); });
          },
          "first"_a, "count"_a,
          nb::sig("def read(self, first: int, count: int) -> "
                  "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]"),
          "(int64[count] keys, float32[count] weights or None) of samples [first, first + count).")
      .def(
          "read_at",
          [](const Sequence& sequence, const Column<std::uint64_t>& indices) {
            return keys_and_weights(sequence, indices.span().size(),
                                    [&](const auto& out) { sequence.read_at(indices.span(), out); });
          },
          "indices"_a,
          nb::sig("def read_at(self, indices: numpy.typing.ArrayLike) -> "
                  "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]"),
          "The same for uint64[n] indices in any order.")
      .def("label_counts", label_counts,
           nb::sig("def label_counts(self) -> "
                   "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint64]]"),
           "(int64[n] labels that occur, ascending, uint64[n] how often).")
      .def(
          "write",
          [](const Sequence& sequence, const Path& path, const View& view) {
            released([&] { write_training_set(path, view, sequence); });
          },
          "path"_a, "view"_a,
          "Write a training set, durably and in bounded memory; with weights if the sequence is weighted.\n\n"
          "Raises ConflictError if the file exists, UnknownKeyError for keys that the dataset never had.");
}

}  // namespace

void bind_sequence(nb::module_& module) {
  nb::class_<Sequence> bound(module, "Sequence",
                             "Which samples, in which order, without a list of them.\n\n"
                             "Making one costs next to nothing, reading one costs what is read.");
  bind_making(bound);
  bind_reading(bound);
}

}  // namespace modyn::bindings

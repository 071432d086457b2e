#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string_view.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/query.hpp"
#include "view_order.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

using Time = std::optional<Timestamp>;

std::shared_ptr<const Samples> select(const std::shared_ptr<const Index>& index, std::string_view order, Time start,
                                      Time end, std::uint64_t since, std::optional<std::uint64_t> until) {
  const Query query{.order = order_of(order), .start = start, .end = end, .since = since, .until = until};
  return released([&] { return Samples::select(index, query); });
}

nb::tuple read(const Samples& samples, std::uint64_t first, std::uint64_t count) {
  Buffer<Key> keys(count);
  Buffer<Timestamp> timestamps(count);
  Buffer<std::int64_t> labels(count);
  released([&] {
    samples.keys(first, keys.span());
    samples.timestamps(first, timestamps.span());
    samples.labels(first, labels.span());
  });
  return nb::make_tuple(std::move(keys).to_array(), std::move(timestamps).to_array(), std::move(labels).to_array());
}

// Goes through samples batch by batch.
class SampleBatches {
 public:
  SampleBatches(std::shared_ptr<const Samples> samples, std::uint64_t size)
      : samples_(std::move(samples)), size_(size) {
    if (size == 0) throw Error(ErrorKind::kInvalidArgument, "a batch has at least one sample");
  }
  nb::tuple next() {
    const std::uint64_t first = done_;
    const std::uint64_t count = std::min(size_, samples_->size() - first);
    if (count == 0) throw nb::stop_iteration();
    done_ += count;
    return read(*samples_, first, count);
  }

 private:
  std::shared_ptr<const Samples> samples_;
  std::uint64_t size_;
  std::uint64_t done_ = 0;
};

nb::tuple label_counts(const Index& index, Time start, Time end) {
  const LabelCounts found = released([&] { return count_labels(index, start, end); });
  Buffer<std::int64_t> labels(found.labels.size());
  Buffer<std::uint64_t> counts(found.counts.size());
  std::ranges::copy(found.labels, labels.span().begin());
  std::ranges::copy(found.counts, counts.span().begin());
  return nb::make_tuple(std::move(labels).to_array(), std::move(counts).to_array());
}

}  // namespace

void bind_query(nb::module_& module) {
  nb::class_<SampleBatches>(module, "SampleBatches", "Iterates over samples: (keys, timestamps, labels) of each batch.")
      .def(
          "__iter__", [](nb::handle self) { return self; }, nb::sig("def __iter__(self) -> SampleBatches"))
      .def("__next__", &SampleBatches::next,
           nb::sig("def __next__(self) -> tuple[numpy.typing.NDArray[numpy.int64], "
                   "numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]"));

  nb::class_<Samples>(module, "Samples", "The samples of one pinned index that a query asks for, in a fixed order.")
      .def_static(
          "select", select, "index"_a, nb::kw_only(), "order"_a = "sequence", "start"_a = nb::none(),
          "end"_a = nb::none(), "since"_a = 0, "until"_a = nb::none(),
          "Samples with timestamps in [start, end), of commits with sequence numbers in (since, until].\n\n"
          "By key if `order` is 'sequence', by (timestamp, key) if it is 'time'. Deleted ones are not among them.")
      .def("__len__", &Samples::size)
      .def_prop_ro("index", &Samples::index)
      .def_prop_ro(
          "order", [](const Samples& samples) { return name_of(samples.order()); }, "'time' or 'sequence'.")
      .def(
          "keys",
          [](const Samples& samples, std::uint64_t first, std::uint64_t count) {
            Buffer<Key> keys(count);
            released([&] { samples.keys(first, keys.span()); });
            return std::move(keys).to_array();
          },
          "first"_a, "count"_a, "int64[count] keys of positions [first, first + count); ValueError beyond the end.")
      .def(
          "batches",
          [](std::shared_ptr<const Samples> samples, std::uint64_t size) {
            return SampleBatches(std::move(samples), size);
          },
          "size"_a, "Iterate over (keys, timestamps, labels) of at most `size` samples at a time.")
      .def("read", read, "first"_a, "count"_a,
           nb::sig("def read(self, first: int, count: int) -> tuple[numpy.typing.NDArray[numpy.int64], "
                   "numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]"),
           "(int64[count] keys, timestamps in Unix seconds, labels) of positions [first, first + count).\n\n"
           "ValueError beyond the end.")
      .def(
          "slice",
          [](const Samples& samples, std::uint64_t first, std::uint64_t count) {
            return released([&] { return samples.slice(first, count); });
          },
          "first"_a, "count"_a, "Positions [first, first + count) as samples of their own; ValueError beyond the end.")
      .def(
          "share",
          [](const Samples& samples, std::uint64_t worker, std::uint64_t workers) {
            return released([&] { return samples.share(worker, workers); });
          },
          "worker"_a, "workers"_a,
          "The consecutive part of one of `workers` workers: the first (size mod workers) get one more.\n\n"
          "Parts are disjoint and complete. ValueError if worker >= workers.");

  module.def(
      "count_samples",
      [](const Index& index, Time start, Time end) {
        return released([&] { return count_samples(index, start, end); });
      },
      "index"_a, "start"_a = nb::none(), "end"_a = nb::none(),
      "The number of samples with timestamps in [start, end).");
  module.def(
      "count_labels", label_counts, "index"_a, "start"_a = nb::none(), "end"_a = nb::none(),
      nb::sig("def count_labels(index: Index, start: int | None = None, end: int | None = None) -> "
              "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint64]]"),
      "(int64[n] labels, ascending, uint64[n] samples with each) of the samples with timestamps in [start, end).");
}

}  // namespace modyn::bindings

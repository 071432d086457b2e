#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/feed.hpp"
#include "modyn/fetch.hpp"
#include "paths.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;
using FieldPair = std::pair<std::uint64_t, std::uint64_t>;

std::vector<Field> fields_of(const std::vector<FieldPair>& pairs) {
  std::vector<Field> fields;
  fields.reserve(pairs.size());
  for (const auto& [offset, length] : pairs) fields.push_back({offset, length});
  return fields;
}

// One matrix of bytes for each field.
class FieldBuffers {
 public:
  FieldBuffers(std::span<const Field> fields, std::size_t rows) : fields_(fields), rows_(rows) {
    for (const Field& field : fields) {
      if (field.length > 0 && rows > SIZE_MAX / field.length) throw std::bad_alloc();
      buffers_.emplace_back(rows * field.length);
      outputs_.push_back(reinterpret_cast<std::byte*>(buffers_.back().span().data()));
    }
  }
  [[nodiscard]] std::span<std::byte* const> outputs() const noexcept { return outputs_; }
  nb::list to_list() && {
    nb::list arrays;
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      arrays.append(std::move(buffers_[i]).to_matrix(rows_, fields_[i].length));
    }
    return arrays;
  }

 private:
  std::span<const Field> fields_;
  std::size_t rows_;
  std::vector<Buffer<std::uint8_t>> buffers_;
  std::vector<std::byte*> outputs_;
};

nb::tuple fetch_samples(const Reader& reader, const Column<Key>& keys) {
  const std::size_t rows = keys.span().size();
  const std::uint64_t sample_size = reader.format().sample_size();
  Buffer<std::int64_t> labels(rows);
  Buffer<std::uint8_t> data(rows * sample_size);
  released([&] { reader.fetch(keys.span(), labels.span(), std::as_writable_bytes(data.span())); });
  return nb::make_tuple(std::move(labels).to_array(), std::move(data).to_matrix(rows, sample_size));
}

// Samples of any size in one array, and where each begins and ends.
struct AnySamples {
  explicit AnySamples(std::size_t rows) : labels(rows), offsets(rows + 1) {}
  Buffer<std::int64_t> labels;
  Buffer<std::int64_t> offsets;
  std::optional<Buffer<std::uint8_t>> data;

  void fetch(const Reader& reader, std::span<const Key> keys) {
    const std::span<std::int64_t> bounds = offsets.span();
    // The sizes stand where their sums will.
    const std::span<std::uint64_t> sizes(reinterpret_cast<std::uint64_t*>(bounds.data()) + 1, keys.size());
    reader.sizes(keys, sizes);
    bounds[0] = 0;
    std::inclusive_scan(sizes.begin(), sizes.end(), sizes.begin());
    data.emplace(static_cast<std::size_t>(bounds.back()));
    reader.fetch_any(keys, bounds, labels.span(), std::as_writable_bytes(data->span()));
  }
};

nb::tuple fetch_any(const Reader& reader, const Column<Key>& keys) {
  AnySamples samples(keys.span().size());
  released([&] { samples.fetch(reader, keys.span()); });
  return nb::make_tuple(std::move(samples.labels).to_array(), std::move(samples.offsets).to_array(),
                        std::move(*samples.data).to_array());
}

nb::ndarray<nb::numpy, std::uint64_t, nb::ndim<1>> sizes(const Reader& reader, const Column<Key>& keys) {
  Buffer<std::uint64_t> found(keys.span().size());
  released([&] { reader.sizes(keys.span(), found.span()); });
  return std::move(found).to_array();
}

nb::tuple fetch_fields(const Reader& reader, const Column<Key>& keys, const std::vector<FieldPair>& pairs) {
  const std::vector<Field> fields = fields_of(pairs);
  const std::size_t rows = keys.span().size();
  check_fields(reader.format(), fields);
  Buffer<std::int64_t> labels(rows);
  FieldBuffers arrays(fields, rows);
  released([&] { reader.fetch_fields(keys.span(), fields, labels.span(), arrays.outputs()); });
  return nb::make_tuple(std::move(labels).to_array(), std::move(arrays).to_list());
}

nb::tuple fetch_feed(const Feed& feed, std::uint64_t first, std::uint64_t count) {
  const bool weighted = feed.weighted();
  Buffer<Key> keys(count);
  Buffer<float> weights(weighted ? count : 0);
  const auto finish = [&](Buffer<std::int64_t>& labels, nb::object arrays, nb::object offsets) {
    nb::object weight_column = nb::none();
    if (weighted) weight_column = nb::cast(std::move(weights).to_array());
    return nb::make_tuple(std::move(keys).to_array(), weight_column, std::move(labels).to_array(), arrays, offsets);
  };
  if (feed.fields()) {
    Buffer<std::int64_t> labels(count);
    FieldBuffers arrays(*feed.fields(), count);
    released([&] { feed.fetch(first, keys.span(), weights.span(), labels.span(), arrays.outputs()); });
    return finish(labels, std::move(arrays).to_list(), nb::none());
  }
  AnySamples samples(count);
  released([&] {
    feed.read(first, keys.span(), weights.span());
    samples.fetch(feed.reader(), feed.fetched_keys(keys.span(), weights.span()));
  });
  nb::list arrays;
  arrays.append(std::move(*samples.data).to_array());
  return finish(samples.labels, arrays, nb::cast(std::move(samples.offsets).to_array()));
}

Access access_of(const std::string& name) {
  if (name == "automatic") return Access::kAutomatic;
  if (name == "map") return Access::kMap;
  if (name == "read") return Access::kRead;
  throw Error(ErrorKind::kInvalidArgument, "access must be 'automatic', 'map' or 'read', not '" + name + "'");
}

}  // namespace

void bind_fetch(nb::module_& module) {
  nb::class_<Reader>(module, "Reader", "Fetches the bytes of any samples of an index from its source files.")
      .def(
          "__init__",
          [](Reader* self, const std::shared_ptr<const Index>& index, const Path& root, unsigned threads,
             std::size_t max_open_files,
             const std::string& access) { new (self) Reader(index, root, threads, max_open_files, access_of(access)); },
          "index"_a, "root"_a, "threads"_a = 0, "max_open_files"_a = 4096, "access"_a = "automatic",
          "`root` is the dataset's base path; at most `threads` threads copy at a time (0: one for each core).\n\n"
          "`access` says how bytes are taken from files: 'map', 'read', or 'automatic': maps, but reads on network\n"
          "file systems.")
      .def_prop_ro("index", &Reader::index)
      .def_prop_ro("format", &Reader::format, "The fixed records of the dataset; ValueError if it has others.")
      .def_prop_ro("sample_size", &Reader::sample_size, "Bytes of each sample, or None if samples differ in size.")
      .def("sizes", sizes, "keys"_a,
           nb::sig("def sizes(self, keys: numpy.typing.ArrayLike) -> numpy.typing.NDArray[numpy.uint64]"),
           "uint64[n] bytes of the samples of int64[n] keys. Raises UnknownKeyError.")
      .def("fetch_any", fetch_any, "keys"_a,
           nb::sig("def fetch_any(self, keys: numpy.typing.ArrayLike) -> tuple[numpy.typing.NDArray[numpy.int64], "
                   "numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint8]]"),
           "(int64[n] labels, int64[n + 1] offsets, uint8 data) of int64[n] keys: samples of any size.\n\n"
           "Sample i is data[offsets[i]:offsets[i + 1]]. Raises as fetch does.")
      .def(
          "advise",
          [](const Reader& reader, const Column<Key>& keys) { released([&] { reader.advise(keys.span()); }); },
          "keys"_a, nb::sig("def advise(self, keys: numpy.typing.ArrayLike) -> None"),
          "Lets the operating system read these samples into the page cache, without waiting for it.\n\n"
          "Raises UnknownKeyError, SourceChangedError, OSError.")
      .def("fetch", fetch_samples, "keys"_a,
           nb::sig("def fetch(self, keys: numpy.typing.ArrayLike) -> "
                   "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint8]]"),
           "(int64[n] labels, uint8[n, sample_size] samples) of int64[n] keys, in their order; repeats allowed.\n\n"
           "Raises UnknownKeyError, SourceChangedError if a source file is not what was ingested, OSError, and\n"
           "ValueError if samples differ in size.")
      .def(
          "fetch_fields", fetch_fields, "keys"_a, "fields"_a,
          nb::sig("def fetch_fields(self, keys: numpy.typing.ArrayLike, "
                  "fields: collections.abc.Sequence[tuple[int, int]]) -> "
                  "tuple[numpy.typing.NDArray[numpy.int64], list[numpy.typing.NDArray[numpy.uint8]]]"),
          "(int64[n] labels, one uint8[n, length] for each field) of int64[n] keys.\n\n"
          "A field is (offset, length) in the sample's bytes, which are the record without its label. Raises as fetch\n"
          "does, and ValueError for a field that is empty or reaches beyond the sample.");

  nb::class_<DeletedSamples>(module, "DeletedSamples",
                             "The samples of a training set that were deleted after it was written.")
      .def(nb::init<const TrainingSet&, std::shared_ptr<const Index>>(), "training_set"_a, "newer"_a,
           nb::call_guard<nb::gil_scoped_release>(),
           "`newer` is a later manifest of the same dataset; ValueError for another one.")
      .def("__len__", &DeletedSamples::count, "Samples of the set; one that is there twice counts twice.");

  nb::class_<Feed>(module, "Feed", "The samples of a training set in training order, several batches for one call.")
      .def(
          "__init__",
          [](Feed* self, const std::shared_ptr<const TrainingSet>& training_set, const Order& order,
             const std::shared_ptr<const Reader>& reader, const std::optional<std::vector<FieldPair>>& fields,
             const std::shared_ptr<const DeletedSamples>& deleted) {
            std::optional<std::vector<Field>> wanted;
            const std::uint64_t size = reader->sample_size().value_or(0);
            if (size > 0) wanted = std::vector{Field{0, size}};
            if (fields) wanted = fields_of(*fields);
            new (self) Feed(training_set, order, reader, std::move(wanted), deleted);
          },
          "training_set"_a, "order"_a, "reader"_a, "fields"_a.none(), "deleted"_a.none() = nb::none(),
          "Sample i of the feed is the set's sample at place i of the order.\n\n"
          "`fields` None: whole samples. Samples that `deleted` names have the weight 0, and the bytes and label of\n"
          "another. "
          "Raises ValueError if order, training set, reader and fields do not fit together.")
      .def("__len__", [](const Feed& feed) { return feed.training_set().size(); })
      .def("fetch", fetch_feed, "first"_a, "count"_a,
           nb::sig("def fetch(self, first: int, count: int) -> tuple[numpy.typing.NDArray[numpy.int64], "
                   "numpy.typing.NDArray[numpy.float32] | None, numpy.typing.NDArray[numpy.int64], "
                   "list[numpy.typing.NDArray[numpy.uint8]], numpy.typing.NDArray[numpy.int64] | None]"),
           "(keys, weights, labels, arrays, offsets) of the feed's samples [first, first + count).\n\n"
           "int64[n] keys, float32[n] weights or None, int64[n] labels. Samples of one size: uint8[n, length] for\n"
           "each field, or one uint8[n, sample_size], and offsets None. Others: one uint8 array, and the int64[n + 1]\n"
           "offsets of the samples in it.\n\n"
           "Raises as TrainingSet.read_at and Reader.fetch do.")
      .def(
          "advise",
          [](const Feed& feed, std::uint64_t first, std::uint64_t count) {
            released([&] { feed.advise(first, count); });
          },
          "first"_a, "count"_a, "As Reader.advise, for the feed's samples [first, first + count).");
}

}  // namespace modyn::bindings

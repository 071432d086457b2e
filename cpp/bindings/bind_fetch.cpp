#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

#include <optional>
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
  const bool weighted = feed.training_set().weighted();
  Buffer<Key> keys(count);
  Buffer<float> weights(weighted ? count : 0);
  Buffer<std::int64_t> labels(count);
  FieldBuffers arrays(feed.fields(), count);
  released([&] { feed.fetch(first, keys.span(), weights.span(), labels.span(), arrays.outputs()); });
  nb::object weight_column = nb::none();
  if (weighted) weight_column = nb::cast(std::move(weights).to_array());
  return nb::make_tuple(std::move(keys).to_array(), weight_column, std::move(labels).to_array(),
                        std::move(arrays).to_list());
}

}  // namespace

void bind_fetch(nb::module_& module) {
  nb::class_<Reader>(module, "Reader", "Fetches the bytes of any samples of an index from its source files.")
      .def(nb::init<std::shared_ptr<const Index>, Path, unsigned, std::size_t>(), "index"_a, "root"_a, "threads"_a = 0,
           "max_open_files"_a = 4096,
           "`root` is the dataset's base path; at most `threads` threads copy at a time (0: one for each core).")
      .def_prop_ro("index", &Reader::index)
      .def_prop_ro("format", &Reader::format, "The fixed records of the dataset; ValueError if it has others.")
      .def("fetch", fetch_samples, "keys"_a,
           nb::sig("def fetch(self, keys: numpy.typing.ArrayLike) -> "
                   "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint8]]"),
           "(int64[n] labels, uint8[n, sample_size] samples) of int64[n] keys, in their order; repeats allowed.\n\n"
           "Raises UnknownKeyError, SourceChangedError if a source file is not what was ingested, OSError.")
      .def(
          "fetch_fields", fetch_fields, "keys"_a, "fields"_a,
          nb::sig("def fetch_fields(self, keys: numpy.typing.ArrayLike, "
                  "fields: collections.abc.Sequence[tuple[int, int]]) -> "
                  "tuple[numpy.typing.NDArray[numpy.int64], list[numpy.typing.NDArray[numpy.uint8]]]"),
          "(int64[n] labels, one uint8[n, length] for each field) of int64[n] keys.\n\n"
          "A field is (offset, length) in the sample's bytes, which are the record without its label. Raises as fetch\n"
          "does, and ValueError for a field that is empty or reaches beyond the sample.");

  nb::class_<Feed>(module, "Feed", "The samples of a training set in training order, several batches for one call.")
      .def(
          "__init__",
          [](Feed* self, const std::shared_ptr<const TrainingSet>& training_set, const Order& order,
             const std::shared_ptr<const Reader>& reader, const std::optional<std::vector<FieldPair>>& fields) {
            const Field sample{0, reader->format().sample_size()};
            new (self) Feed(training_set, order, reader, fields ? fields_of(*fields) : std::vector{sample});
          },
          "training_set"_a, "order"_a, "reader"_a, "fields"_a.none(),
          "Sample i of the feed is the set's sample at place i of the order. `fields` None: whole samples.\n\n"
          "Raises ValueError if order, training set, reader and fields do not fit together.")
      .def("__len__", [](const Feed& feed) { return feed.training_set().size(); })
      .def("fetch", fetch_feed, "first"_a, "count"_a,
           nb::sig("def fetch(self, first: int, count: int) -> tuple[numpy.typing.NDArray[numpy.int64], "
                   "numpy.typing.NDArray[numpy.float32] | None, numpy.typing.NDArray[numpy.int64], "
                   "list[numpy.typing.NDArray[numpy.uint8]]]"),
           "(keys, weights, labels, arrays) of the feed's samples [first, first + count).\n\n"
           "int64[n] keys, float32[n] weights or None, int64[n] labels, and one uint8[n, length] for each field.\n"
           "Raises as TrainingSet.read_at and Reader.fetch_fields do.");
}

}  // namespace modyn::bindings

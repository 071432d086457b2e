#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string_view.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/index.hpp"
#include "paths.hpp"
#include "view_order.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

nb::bytes to_bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

// A column with one element for each key, filled by a member function of Index.
template <typename T, typename Fill>
auto column_of(std::size_t size, const Fill& fill) {
  Buffer<T> column(size);
  released([&] { fill(column.span()); });
  return std::move(column).to_array();
}

nb::tuple places_of(const Index& index, const Column<Key>& keys) {
  const std::size_t size = keys.span().size();
  Buffer<std::uint32_t> files(size);
  Buffer<std::uint64_t> offsets(size);
  Buffer<std::uint32_t> lengths(size);
  Buffer<std::uint32_t> cut_offsets(size);
  Buffer<std::uint32_t> cut_lengths(size);
  released([&] {
    std::vector<Place> places(size);
    index.places(keys.span(), places);
    for (std::size_t i = 0; i < size; ++i) {
      files.span()[i] = places[i].file;
      offsets.span()[i] = places[i].offset;
      lengths.span()[i] = places[i].length;
      cut_offsets.span()[i] = places[i].cut_offset;
      cut_lengths.span()[i] = places[i].cut_length;
    }
  });
  return nb::make_tuple(std::move(files).to_array(), std::move(offsets).to_array(), std::move(lengths).to_array(),
                        std::move(cut_offsets).to_array(), std::move(cut_lengths).to_array());
}

void bind_values(nb::module_& module) {
  nb::class_<FixedRecordFormat>(module, "FixedRecordFormat", "Records of one size, each with an integer label inside.")
      .def_ro("record_size", &FixedRecordFormat::record_size, "Bytes of a record.")
      .def_ro("label_size", &FixedRecordFormat::label_size, "Bytes of the label, 1 to 8.")
      .def_ro("label_offset", &FixedRecordFormat::label_offset, "First byte of the label in the record.")
      .def_ro("label_signed", &FixedRecordFormat::label_signed)
      .def_prop_ro(
          "byteorder",
          [](const FixedRecordFormat& format) { return format.byte_order == ByteOrder::kBig ? "big" : "little"; },
          "'little' or 'big'.")
      .def_prop_ro("sample_size", &FixedRecordFormat::sample_size, "Bytes of a sample: the record without its label.");

  nb::class_<IndexSummary>(module, "IndexSummary", "What a pinned manifest holds.")
      .def_ro("manifest", &IndexSummary::manifest, "Number of the manifest, from 1; 0 without a commit.")
      .def_ro("sequence", &IndexSummary::sequence)
      .def_ro("next_key", &IndexSummary::next_key)
      .def_ro("samples", &IndexSummary::samples, "Without the deleted ones.")
      .def_ro("deleted", &IndexSummary::deleted)
      .def_ro("files", &IndexSummary::files)
      .def_ro("extents", &IndexSummary::extents)
      .def_ro("segments", &IndexSummary::segments)
      .def_ro("first_timestamp", &IndexSummary::first_timestamp, "Unix seconds; 0 if there are no samples.")
      .def_ro("last_timestamp", &IndexSummary::last_timestamp, "Unix seconds; -1 if there are no samples.");

  nb::class_<SourceFile>(module, "SourceFile", "What the index knows about a source file.")
      .def_prop_ro(
          "path", [](const SourceFile& file) { return to_bytes(file.path); }, "Relative to the dataset's root.")
      .def_ro("size", &SourceFile::size)
      .def_ro("mtime_ns", &SourceFile::mtime_ns)
      .def_ro("inode", &SourceFile::inode)
      .def_ro("ingested_bytes", &SourceFile::ingested_bytes, "Bytes [0, ingested_bytes) are registered.")
      .def_ro("fingerprint", &SourceFile::fingerprint)
      .def_ro("companion", &SourceFile::companion, "Stands for the status of the file's sidecar; 0 without one.")
      .def_ro("owned", &SourceFile::owned, "Whether it is a file of the dataset's own folder, not one of the user's.");
}

void bind_index_class(nb::module_& module) {
  nb::class_<Index>(module, "Index", "A pinned manifest of a dataset, opened for reading. Never changes.")
      .def_static(
          "open",
          [](const Path& dataset, std::optional<std::uint64_t> manifest) {
            return released([&] { return Index::open(dataset, manifest); });
          },
          "dataset"_a, "manifest"_a = nb::none(),
          "The newest manifest of the dataset folder, or the one with this number.\n\n"
          "Raises CorruptFileError if a file fails its checks.")
      .def_prop_ro("summary", &Index::summary)
      .def_prop_ro(
          "format", [](const Index& index) { return to_bytes(index.format()); },
          "The dataset's format as lines of name=value; empty without a commit.")
      .def_prop_ro("fixed_records", &Index::fixed_records, nb::rv_policy::reference_internal,
                   nb::sig("def fixed_records(self) -> FixedRecordFormat | None"),
                   "The format if it is one of fixed records, else None.")
      .def(
          "labels",
          [](const Index& index, const Column<Key>& keys) {
            return column_of<std::int64_t>(keys.span().size(), [&](auto out) { index.labels(keys.span(), out); });
          },
          "keys"_a, "int64[n] labels of int64[n] keys, any order, repeats allowed; UnknownKeyError names missing ones.")
      .def(
          "timestamps",
          [](const Index& index, const Column<Key>& keys) {
            return column_of<Timestamp>(keys.span().size(), [&](auto out) { index.timestamps(keys.span(), out); });
          },
          "keys"_a, "int64[n] Unix seconds of int64[n] keys; UnknownKeyError names missing ones.")
      .def(
          "locate",
          [](const Index& index, const Column<Key>& keys) {
            const std::size_t size = keys.span().size();
            Buffer<std::uint32_t> files(size);
            Buffer<std::uint64_t> records(size);
            released([&] { index.locate(keys.span(), files.span(), records.span()); });
            return nb::make_tuple(std::move(files).to_array(), std::move(records).to_array());
          },
          "keys"_a,
          nb::sig("def locate(self, keys: numpy.typing.ArrayLike) -> "
                  "tuple[numpy.typing.NDArray[numpy.uint32], numpy.typing.NDArray[numpy.uint64]]"),
          "(uint32[n] file numbers, uint64[n] record numbers) of int64[n] keys; UnknownKeyError names missing ones.")
      .def("places", places_of, "keys"_a,
           nb::sig("def places(self, keys: numpy.typing.ArrayLike) -> "
                   "tuple[numpy.typing.NDArray[numpy.uint32], numpy.typing.NDArray[numpy.uint64], "
                   "numpy.typing.NDArray[numpy.uint32], numpy.typing.NDArray[numpy.uint32], "
                   "numpy.typing.NDArray[numpy.uint32]]"),
           "(file numbers, offsets, lengths, cut offsets, cut lengths) of int64[n] keys.\n\n"
           "A sample is bytes [offset, offset + length) of its file without the cut, which begins `cut offset` bytes\n"
           "into them. UnknownKeyError names missing keys.")
      .def(
          "deleted",
          [](const Index& index, const Column<Key>& keys) {
            return column_of<bool>(keys.span().size(), [&](auto out) { index.deleted(keys.span(), out); });
          },
          "keys"_a,
          "bool[n], whether the samples with int64[n] keys are deleted here; UnknownKeyError if none ever had one.")
      .def("source_file", &Index::source_file, "file"_a, "The source file with this number.")
      .def_prop_ro("source_files", &Index::source_files, "How many source files there are.")
      .def(
          "verify", [](const Index& index) { released([&] { index.verify(); }); },
          "Check every block of every file that the manifest names; CorruptFileError if one fails.");
}

void bind_view(nb::module_& module) {
  nb::class_<View>(module, "View", "An immutable order of the samples of one index.")
      .def_static(
          "build",
          [](const std::shared_ptr<const Index>& index, std::string_view order) {
            const ViewOrder view_order = order_of(order);
            return released([&] { return View::build(index, view_order); });
          },
          "index"_a, "order"_a, "By (timestamp, key) if `order` is 'time', by key (by commit) if it is 'sequence'.")
      .def("__len__", &View::size)
      .def_prop_ro("index", &View::index)
      .def_prop_ro(
          "order", [](const View& view) { return name_of(view.order()); }, "'time' or 'sequence'.")
      .def(
          "keys",
          [](const View& view, std::uint64_t first, std::uint64_t count) {
            return column_of<Key>(count, [&](auto out) { view.keys(first, out); });
          },
          "first"_a, "count"_a, "int64[count] keys of positions [first, first + count); ValueError beyond the end.")
      .def(
          "timestamps",
          [](const View& view, std::uint64_t first, std::uint64_t count) {
            return column_of<Timestamp>(count, [&](auto out) { view.timestamps(first, out); });
          },
          "first"_a, "count"_a, "int64[count] Unix seconds of positions [first, first + count).")
      .def(
          "labels",
          [](const View& view, std::uint64_t first, std::uint64_t count) {
            return column_of<std::int64_t>(count, [&](auto out) { view.labels(first, out); });
          },
          "first"_a, "count"_a, "int64[count] labels of positions [first, first + count).")
      .def(
          "read",
          [](const View& view, std::uint64_t first, std::uint64_t count) {
            Buffer<Key> keys(count);
            Buffer<Timestamp> timestamps(count);
            Buffer<std::int64_t> labels(count);
            released([&] { view.read(first, keys.span(), timestamps.span(), labels.span()); });
            return nb::make_tuple(std::move(keys).to_array(), std::move(timestamps).to_array(),
                                  std::move(labels).to_array());
          },
          "first"_a, "count"_a,
          nb::sig("def read(self, first: int, count: int) -> tuple[numpy.typing.NDArray[numpy.int64], "
                  "numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]"),
          "(int64[count] keys, timestamps in Unix seconds, labels) of positions [first, first + count).")
      .def(
          "keys_at",
          [](const View& view, const Column<std::uint64_t>& positions) {
            return column_of<Key>(positions.span().size(), [&](auto out) { view.keys_at(positions.span(), out); });
          },
          "positions"_a, "int64[n] keys of uint64[n] positions in any order.")
      .def("position_of_time", &View::position_of_time, "timestamp"_a,
           "The number of samples with a smaller timestamp. ValueError unless the order is 'time'.");
}

}  // namespace

void bind_index(nb::module_& module) {
  bind_values(module);
  bind_index_class(module);
  bind_view(module);
}

}  // namespace modyn::bindings

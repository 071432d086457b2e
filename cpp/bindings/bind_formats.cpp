// Formats that are written in Python: one object for each format, called once for each file.
//
// The GIL is held around the call and the conversion of its columns only; files are read, and columns
// packed, without it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/format.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

std::string text_of(nb::handle value) { return nb::cast<std::string>(nb::str(value)); }

// "ValueError: no such thing".
std::string description_of(const nb::python_error& error) {
  return text_of(error.type().attr("__name__")) + ": " + text_of(error.value());
}

// What samples are, as NumPy arrays; the memory is theirs.
struct Columns {
  std::vector<nb::object> arrays;
  SampleBlock block;
};

class PythonFormat final : public FileFormat {
 public:
  // `object` has read(data, first_byte, is_quiet) and has_timestamps.
  PythonFormat(std::string kind, std::string text, nb::object object)
      : kind_(std::move(kind)),
        text_(std::move(text)),
        object_(std::move(object)),
        has_timestamps_(nb::cast<bool>(object_.attr("has_timestamps"))) {}

  [[nodiscard]] std::string text() const override { return text_; }
  [[nodiscard]] SampleLayout layout() const override { return SampleLayout::kRows; }
  [[nodiscard]] bool has_timestamps() const override { return has_timestamps_; }

  void read(const FileInput& input, SampleSink& sink) const override {
    if (input.first_byte() == input.size()) return;
    Buffer<std::uint8_t> bytes(input.size() - input.first_byte());
    input.read(input.first_byte(), std::as_writable_bytes(bytes.span()));
    std::optional<Columns> columns;
    std::optional<std::string> bad;
    std::optional<std::string> failed;
    {
      const nb::gil_scoped_acquire acquire;
      try {
        columns = columns_of(object_.attr("read")(std::move(bytes).to_array(), input.first_byte(), input.is_quiet()),
                             input.first_byte());
      } catch (const nb::python_error& error) {
        const nb::module_ errors = nb::module_::import_("modyn.errors");
        if (error.matches(errors.attr("BadContentError"))) {
          bad = text_of(error.value());
        } else if (error.matches(errors.attr("IncompleteFileError"))) {
          failed = text_of(error.value());
        } else if (error.matches(PyExc_Exception)) {
          // A defect of the format, maybe mended before the next scan.
          failed = "cannot be read by format '" + kind_ + "': " + description_of(error);
        } else {
          throw;
        }
      }
    }
    if (bad) throw BadContent(*bad);
    if (failed) throw IncompleteFile(*failed);
    const Released released(columns);
    sink.take(0, columns->block);
  }

 private:
  // Lets go of the arrays with the GIL.
  class Released {
   public:
    explicit Released(std::optional<Columns>& columns) : columns_(columns) {}
    ~Released() {
      const nb::gil_scoped_acquire acquire;
      columns_.reset();
    }
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;

   private:
    std::optional<Columns>& columns_;
  };

  [[nodiscard]] Columns columns_of(nb::handle samples, std::uint64_t first_byte) const {
    Columns columns;
    columns.block.labels = column(columns, samples, "labels", std::nullopt);
    const std::size_t size = columns.block.labels.size();
    nb::object offsets = required(samples, "offsets");
    if (first_byte > 0) offsets = nb::module_::import_("numpy").attr("add")(offsets, first_byte);
    columns.block.offsets = column(columns, offsets, "offsets", size);
    columns.block.lengths = column(columns, samples, "lengths", size);
    columns.block.cut_offsets = optional_column(columns, samples, "cut_offsets", size);
    columns.block.cut_lengths = optional_column(columns, samples, "cut_lengths", size);
    if (has_timestamps_) columns.block.timestamps = column(columns, samples, "timestamps", size);
    return columns;
  }

  [[nodiscard]] static nb::object required(nb::handle samples, const char* name) { return samples.attr(name); }

  [[nodiscard]] std::span<const std::int64_t> column(Columns& columns, nb::handle samples, const char* name,
                                                     std::optional<std::size_t> size) const {
    return column(columns, required(samples, name), name, size);
  }

  // Zeros if there is none.
  [[nodiscard]] std::span<const std::int64_t> optional_column(Columns& columns, nb::handle samples, const char* name,
                                                              std::size_t size) const {
    nb::object array = required(samples, name);
    if (array.is_none()) array = nb::module_::import_("numpy").attr("zeros")(size, "int64");
    return column(columns, std::move(array), name, size);
  }

  [[nodiscard]] std::span<const std::int64_t> column(Columns& columns, nb::object source, const char* name,
                                                     std::optional<std::size_t> size) const {
    Column<std::int64_t> converted;
    if (!nb::try_cast(source, converted)) {
      raise(PyExc_TypeError, std::string(name) + " must be an array of integers of one dimension");
    }
    if (size && converted.array.size() != *size) {
      raise(PyExc_ValueError, std::string(name) + " has " + std::to_string(converted.array.size()) +
                                  " elements, labels has " + std::to_string(*size));
    }
    columns.arrays.push_back(nb::cast(converted.array));
    return converted.span();
  }

  [[noreturn]] static void raise(PyObject* type, const std::string& message) {
    PyErr_SetString(type, message.c_str());
    throw nb::python_error();
  }

  std::string kind_;
  std::string text_;
  nb::object object_;
  bool has_timestamps_;
};

// The Python class is never let go of: other threads may copy the factory without the GIL.
class Factory {
 public:
  explicit Factory(nb::object python_class) : class_(std::make_shared<nb::object>(std::move(python_class))) {}

  std::shared_ptr<const FileFormat> operator()(const FormatSettings& settings) const {
    const nb::gil_scoped_acquire acquire;
    try {
      nb::dict options;
      for (const auto& [name, value] : settings.values()) options[name.c_str()] = value;
      auto format = std::make_unique<PythonFormat>(settings.kind(), settings.text(), (*class_)(options));
      return {format.release(), [](const PythonFormat* last) {
                const nb::gil_scoped_acquire held;
                delete last;
              }};
    } catch (const nb::python_error& error) {
      if (!error.matches(PyExc_Exception)) throw;
      settings.refuse("cannot be made of these settings: " + description_of(error));
    }
  }

 private:
  std::shared_ptr<nb::object> class_;
};

}  // namespace

void bind_formats(nb::module_& module) {
  module.def(
      "register_format",
      [](const std::string& kind, nb::object python_class) { register_format(kind, Factory(std::move(python_class))); },
      "kind"_a, "python_class"_a,
      nb::sig("def register_format(kind: str, python_class: collections.abc.Callable[[dict[str, str]], object]) -> "
              "None"),
      "Make a format that is written in Python known to this process (modyn.storage.formats.register_format).\n\n"
      "ValueError if another one has the name.");
  module.def("format_kinds", &format_kinds, "The kinds of formats that are known, by name.");
  module.def(
      "check_format", [](const std::string& text) { return released([&] { return make_format(text)->text(); }); },
      "text"_a,
      "The text of a format as manifests record it.\n\n"
      "`text` has lines of name=value, the first of which is format=<kind>. ValueError if the kind is unknown or a\n"
      "setting is wrong, missing or unknown.");
}

}  // namespace modyn::bindings

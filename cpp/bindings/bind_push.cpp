#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "formats/read_samples.hpp"
#include "modyn/format.hpp"
#include "modyn/push.hpp"
#include "paths.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

// Anything contiguous: bytes, bytearray, memoryview, NumPy arrays of any type and shape. Held for the call.
class Bytes {
 public:
  explicit Bytes(nb::handle source) {
    if (PyObject_GetBuffer(source.ptr(), &view_, PyBUF_C_CONTIGUOUS) != 0) throw nb::python_error();
  }
  ~Bytes() { PyBuffer_Release(&view_); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  [[nodiscard]] std::span<const std::byte> span() const {
    return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
};

AppendReceipt append(Appender& appender, nb::handle samples, const Column<std::int64_t>& labels,
                     const std::optional<Column<std::int64_t>>& timestamps,
                     const std::optional<Column<std::uint64_t>>& lengths, const std::optional<std::string>& batch_id) {
  const Bytes data(samples);
  Batch batch;
  batch.data = data.span();
  batch.labels = labels.span();
  if (timestamps) batch.timestamps = timestamps->span();
  if (lengths) batch.lengths = lengths->span();
  return released(
      [&] { return batch_id ? appender.append(batch, std::string_view(*batch_id)) : appender.append(batch); });
}

[[noreturn]] void raise(const char* error, const std::exception& exception) {
  PyErr_SetString(nb::module_::import_("modyn.errors").attr(error).ptr(), exception.what());
  throw nb::python_error();
}

template <typename T>
nb::object to_array(const std::vector<T>& values) {
  Buffer<T> buffer(values.size());
  std::ranges::copy(values, buffer.span().begin());
  return nb::cast(std::move(buffer).to_array());
}

nb::tuple read_samples(nb::handle samples, const std::string& format, const std::optional<nb::bytes>& companion) {
  const Bytes data(samples);
  std::optional<std::string> beside;
  if (companion) beside.emplace(companion->c_str(), companion->size());
  formats::FileSamples found;
  try {
    found = released([&] { return formats::read_samples(*make_format(format), data.span(), beside); });
  } catch (const BadContent& bad) {
    raise("BadContentError", bad);
  } catch (const IncompleteFile& incomplete) {
    raise("IncompleteFileError", incomplete);
  }
  nb::object timestamps = nb::none();
  nb::object lengths = nb::none();
  if (!found.timestamps.empty()) timestamps = to_array(found.timestamps);
  if (!found.lengths.empty()) lengths = to_array(found.lengths);
  return nb::make_tuple(to_array(found.labels), timestamps, lengths, nb::bytes(found.data.data(), found.data.size()));
}

}  // namespace

void bind_push(nb::module_& module) {
  nb::class_<AppendReceipt>(module, "AppendReceipt", "A batch that is durable.")
      .def_ro("batch_id", &AppendReceipt::batch_id, "The caller's, or the one that was drawn.")
      .def_ro("samples", &AppendReceipt::samples)
      .def_ro("duplicate", &AppendReceipt::duplicate, "The batch was there already; nothing was added.")
      .def_ro("log_is_full", &AppendReceipt::log_is_full,
              "The batch is the first of a log because the one before is full: worth sealing now.");

  nb::class_<Appender>(
      module, "Appender",
      "Appends batches to one dataset.\n\n"
      "Threads share one: those that wait at the same time are written together, with one flush to disk.\n"
      "Processes take turns.")
      .def(
          "__init__",
          [](Appender* self, const Path& dataset, std::uint64_t sample_size, std::uint64_t log_bytes,
             double lock_timeout_s) {
            const PushOptions options{sample_size, log_bytes, lock_timeout_s};
            released([&] { new (self) Appender(dataset, options); });
          },
          "dataset"_a, nb::kw_only(), "sample_size"_a = PushOptions{}.sample_size,
          "log_bytes"_a = PushOptions{}.log_bytes, "lock_timeout_s"_a = PushOptions{}.lock_timeout_s,
          "Open the logs of a dataset, or begin them.\n\n"
          "`sample_size` 0 stands for samples of any length. A log that has reached `log_bytes` is followed by "
          "another.\n"
          "Raises CorruptFileError for damaged logs, ValueError if they hold samples of another size.")
      .def("append", append, "samples"_a, "labels"_a, "timestamps"_a = nb::none(), "lengths"_a = nb::none(),
           "batch_id"_a = nb::none(),
           nb::sig("def append(self, samples: bytes | bytearray | memoryview | numpy.typing.NDArray[typing.Any], "
                   "labels: numpy.typing.ArrayLike, "
                   "timestamps: numpy.typing.ArrayLike | None = None, lengths: numpy.typing.ArrayLike | None = None, "
                   "batch_id: str | None = None) -> AppendReceipt"),
           "Append a batch; durable when it returns.\n\n"
           "`samples` are the bytes of the samples one after the other, `labels` int64[n], `timestamps` int64[n] Unix\n"
           "seconds (now if None), `lengths` the bytes of each sample if samples have no fixed size. The same "
           "`batch_id`\n"
           "with the same content adds nothing; with other content it raises ConflictError. Raises ValueError for\n"
           "columns that do not fit each other, OSError if the disk is full or fails.");

  nb::class_<PushedLog>(module, "PushedLog", "One log of pushed samples, as far as it is committed.")
      .def_ro("number", &PushedLog::number)
      .def_ro("path", &PushedLog::path, "Relative to the dataset's folder.")
      .def_ro("begin", &PushedLog::begin)
      .def_ro("end", &PushedLog::end)
      .def_ro("sample_size", &PushedLog::sample_size)
      .def_ro("first_sample", &PushedLog::first_sample, "Samples that were pushed before this log.")
      .def_ro("samples", &PushedLog::samples);

  module.def(
      "pushed_logs",
      [](const Path& dataset, double lock_timeout_s) {
        return released([&] { return pushed_logs(dataset, lock_timeout_s); });
      },
      "dataset"_a, "lock_timeout_s"_a = 60.0, "The logs of a dataset's pushed samples, in order.");
  module.def(
      "samples_behind",
      [](const Path& dataset, const PushedLog& log, std::uint64_t offset) {
        return released([&] { return samples_behind(dataset, log, offset); });
      },
      "dataset"_a, "log"_a, "offset"_a, "How many samples lie in the log at or behind the offset, the end of a frame.");
  module.def(
      "waiting_samples",
      [](const Index& index, double lock_timeout_s) {
        return released([&] { return waiting_samples(index, lock_timeout_s); });
      },
      "index"_a, "lock_timeout_s"_a = 60.0,
      "How many pushed samples are not in the index: those that the next scan seals.");
  module.def(
      "read_samples", read_samples, "data"_a, "format"_a, "companion"_a = nb::none(),
      nb::sig("def read_samples(data: bytes | bytearray | memoryview | numpy.typing.NDArray[typing.Any], format: str, "
              "companion: bytes | None = None) -> tuple[numpy.typing.NDArray[numpy.int64], "
              "numpy.typing.NDArray[numpy.int64] | None, numpy.typing.NDArray[numpy.uint64] | None, bytes]"),
      "The samples in bytes that look like a file of the format.\n\n"
      "Returns labels, timestamps (None if the format has none), the bytes of each sample (None if all have one size)\n"
      "and the samples one after the other, without their labels. `companion` is the content of the file beside it, "
      "if\n"
      "the format has such. Raises BadContentError or IncompleteFileError, whose messages go on from the data's name.");
  nb::class_<CollectedLogs>(module, "CollectedLogs", "What collect_logs removed.")
      .def_ro("logs", &CollectedLogs::logs)
      .def_ro("bytes", &CollectedLogs::bytes);
  module.def(
      "collect_logs",
      [](const Path& dataset, double lock_timeout_s) {
        return released([&] { return collect_logs(dataset, lock_timeout_s); });
      },
      "dataset"_a, "lock_timeout_s"_a = 60.0,
      "Remove logs of which no manifest that is there has a sample that is not deleted.\n\n"
      "The oldest first, and never the newest; their batch ids stay known. Raises ConflictError if another writer\n"
      "holds a lock for longer, CorruptFileError if a manifest or log is damaged.");
  module.def(
      "verify_pushed",
      [](const Path& dataset, double lock_timeout_s) { released([&] { verify_pushed(dataset, lock_timeout_s); }); },
      "dataset"_a, "lock_timeout_s"_a = 60.0,
      "Read every committed byte of every log; CorruptFileError names the first that is not as written.");
}

}  // namespace modyn::bindings

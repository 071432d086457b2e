#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <span>
#include <string>

#include "arrays.hpp"
#include "bind.hpp"
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

}  // namespace

void bind_push(nb::module_& module) {
  nb::class_<AppendReceipt>(module, "AppendReceipt", "A batch that is durable.")
      .def_ro("batch_id", &AppendReceipt::batch_id, "The caller's, or the one that was drawn.")
      .def_ro("samples", &AppendReceipt::samples)
      .def_ro("duplicate", &AppendReceipt::duplicate, "The batch was there already; nothing was added.");

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
      "verify_pushed",
      [](const Path& dataset, double lock_timeout_s) { released([&] { verify_pushed(dataset, lock_timeout_s); }); },
      "dataset"_a, "lock_timeout_s"_a = 60.0,
      "Read every committed byte of every log; CorruptFileError names the first that is not as written.");
}

}  // namespace modyn::bindings

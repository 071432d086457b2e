#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <string_view>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/ingest.hpp"
#include "paths.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

[[noreturn]] void refuse(std::string_view option, std::string_view value, std::string_view expected) {
  throw Error(ErrorKind::kInvalidArgument,
              std::string(option) + " '" + std::string(value) + "' is neither " + std::string(expected));
}

ByteOrder byte_order_of(std::string_view name) {
  if (name == "little") return ByteOrder::kLittle;
  if (name == "big") return ByteOrder::kBig;
  refuse("byteorder", name, "'little' nor 'big'");
}

TimestampSource timestamp_source_of(std::string_view name) {
  if (name == "mtime") return TimestampSource::kModificationTime;
  if (name == "filename") return TimestampSource::kFileName;
  refuse("timestamp_source", name, "'mtime' nor 'filename'");
}

// Calls back with the GIL, and lets Ctrl-C end a scan even where nobody wants to hear of its progress.
class Progress {
 public:
  explicit Progress(nb::object callback) : callback_(std::move(callback)) {}

  void operator()(std::uint64_t done, std::uint64_t total) const {
    const nb::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (!callback_.is_none()) callback_(done, total);
  }

 private:
  nb::object callback_;
};

ScanReport scan_folder(const Path& dataset, const Path& root, const std::string& file_extension,
                       std::uint64_t record_size, std::uint64_t label_size, std::uint64_t label_offset,
                       std::string_view byteorder, bool label_signed, std::string_view timestamp_source,
                       const std::string& timestamp_pattern, unsigned threads, double lock_timeout_s,
                       nb::object callback) {
  const IngestOptions options{.root = root,
                              .file_extension = file_extension,
                              .format = {.record_size = record_size,
                                         .label_size = label_size,
                                         .label_offset = label_offset,
                                         .byte_order = byte_order_of(byteorder),
                                         .label_signed = label_signed},
                              .timestamp_source = timestamp_source_of(timestamp_source),
                              .timestamp_pattern = timestamp_pattern,
                              .threads = threads};
  const Progress progress(std::move(callback));
  return released([&] { return scan(dataset, options, lock_timeout_s, std::cref(progress)); });
}

}  // namespace

void bind_ingest(nb::module_& module) {
  nb::class_<QuarantinedFile>(module, "QuarantinedFile", "A source file that was not ingested, or changed afterwards.")
      .def_prop_ro(
          "path", [](const QuarantinedFile& file) { return nb::bytes(file.path.data(), file.path.size()); },
          "Relative to the dataset's root.")
      .def_ro("reason", &QuarantinedFile::reason)
      .def_ro("size", &QuarantinedFile::size)
      .def_ro("mtime_ns", &QuarantinedFile::mtime_ns);

  nb::class_<ScanReport>(module, "ScanReport", "What a scan found.")
      .def_ro("summary", &ScanReport::summary, "The dataset after the scan.")
      .def_ro("new_samples", &ScanReport::new_samples)
      .def_ro("new_files", &ScanReport::new_files, "Files seen for the first time.")
      .def_ro("grown_files", &ScanReport::grown_files, "Known files with new records at their end.")
      .def_ro("known_files", &ScanReport::known_files, "Files without a change.")
      .def_ro("quarantined", &ScanReport::quarantined, "Malformed, unreadable or incomplete; retried when they change.")
      .def_ro("conflicts", &ScanReport::conflicts, "Known files whose ingested bytes changed, shrank or vanished.");

  nb::class_<QuarantineList>(module, "QuarantineList", "Quarantine and conflicts of a dataset's last scan.")
      .def_ro("quarantined", &QuarantineList::quarantined)
      .def_ro("conflicts", &QuarantineList::conflicts);

  module.def(
      "scan", scan_folder, "dataset"_a, "root"_a, nb::kw_only(), "file_extension"_a, "record_size"_a, "label_size"_a,
      "label_offset"_a = 0, "byteorder"_a = "little", "label_signed"_a = false, "timestamp_source"_a = "mtime",
      "timestamp_pattern"_a = "", "threads"_a = 0, "lock_timeout_s"_a = 60.0, "progress"_a = nb::none(),
      nb::sig("def scan(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], "
              "root: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, file_extension: str, "
              "record_size: int, label_size: int, label_offset: int = 0, byteorder: str = 'little', "
              "label_signed: bool = False, timestamp_source: str = 'mtime', timestamp_pattern: str = '', "
              "threads: int = 0, lock_timeout_s: float = 60.0, "
              "progress: collections.abc.Callable[[int, int], object] | None = None) -> ScanReport"),
      "Register everything new below `root` in the folder `dataset`, as one durable commit.\n\n"
      "Sizes and offsets are in bytes. `timestamp_source` is 'mtime' or 'filename'; `timestamp_pattern` has the\n"
      "strptime directives %Y %m %d %H %M %S %s. `progress(files_done, files_total)` is called now and then; what\n"
      "it raises ends the scan. Raises ConflictError if the dataset stays locked for `lock_timeout_s` seconds,\n"
      "ValueError for impossible options, CorruptFileError if the dataset's own files are damaged.");
  module.def(
      "quarantine", [](const Path& dataset) { return released([&] { return quarantine(dataset); }); }, "dataset"_a,
      "The quarantine list and the conflicts of the dataset's last scan.");
}

}  // namespace modyn::bindings

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/ingest.hpp"
#include "paths.hpp"
#include "progress.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

template <typename Value>
Value one_of(std::string_view option, std::string_view name,
             std::initializer_list<std::pair<std::string_view, Value>> choices) {
  std::string expected;
  for (const auto& [choice, value] : choices) {
    if (choice == name) return value;
    expected += (expected.empty() ? "'" : ", '") + std::string(choice) + "'";
  }
  throw Error(ErrorKind::kInvalidArgument, std::string(option) + " '" + std::string(name) + "' is none of " + expected);
}

ScanReport scan_folder(const Path& dataset, const Path& root, const std::string& format,
                       const std::string& file_extension, std::string_view timestamp_source,
                       const std::string& timestamp_pattern, std::string_view on_change, double quiet_s,
                       unsigned threads, double lock_timeout_s, nb::object callback) {
  const IngestOptions options{
      .root = root,
      .file_extension = file_extension,
      .format = format,
      .timestamp_source = one_of<TimestampSource>("timestamp_source", timestamp_source,
                                                  {{"mtime", TimestampSource::kModificationTime},
                                                   {"filename", TimestampSource::kFileName},
                                                   {"column", TimestampSource::kRecord}}),
      .timestamp_pattern = timestamp_pattern,
      .on_change =
          one_of<OnChange>("on_change", on_change, {{"report", OnChange::kReport}, {"replace", OnChange::kReplace}}),
      .quiet_s = quiet_s,
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
      .def_ro("mtime_ns", &QuarantinedFile::mtime_ns)
      .def_prop_ro(
          "retry",
          [](const QuarantinedFile& file) { return file.retry == Retry::kWhenChanged ? "when_changed" : "always"; },
          nb::sig("def retry(self, /) -> typing.Literal['always', 'when_changed']"),
          "When it is read again: 'always' (in every scan) or 'when_changed' (its content is wrong).");

  nb::class_<ScanReport>(module, "ScanReport", "What a scan found.")
      .def_ro("summary", &ScanReport::summary, "The dataset after the scan.")
      .def_ro("new_samples", &ScanReport::new_samples)
      .def_ro("pushed_samples", &ScanReport::pushed_samples, "Pushed samples that were sealed.")
      .def_ro("new_files", &ScanReport::new_files, "Files seen for the first time.")
      .def_ro("grown_files", &ScanReport::grown_files, "Known files with new records at their end.")
      .def_ro("replaced_files", &ScanReport::replaced_files, "Known files that changed and were ingested anew.")
      .def_ro("known_files", &ScanReport::known_files, "Files without a change.")
      .def_ro("quarantined", &ScanReport::quarantined, "Malformed, unreadable or incomplete; retried when they change.")
      .def_ro("conflicts", &ScanReport::conflicts, "Known files whose ingested bytes changed, shrank or vanished.");

  nb::class_<QuarantineList>(module, "QuarantineList", "Quarantine and conflicts of a dataset's last scan.")
      .def_ro("quarantined", &QuarantineList::quarantined)
      .def_ro("conflicts", &QuarantineList::conflicts);

  module.def(
      "scan", scan_folder, "dataset"_a, "root"_a, nb::kw_only(), "format"_a, "file_extension"_a,
      "timestamp_source"_a = "mtime", "timestamp_pattern"_a = "", "on_change"_a = "report", "quiet_s"_a = 1.0,
      "threads"_a = 0, "lock_timeout_s"_a = 60.0, "progress"_a = nb::none(),
      nb::sig("def scan(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], "
              "root: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, format: str, file_extension: str, "
              "timestamp_source: str = 'mtime', timestamp_pattern: str = '', on_change: str = 'report', "
              "quiet_s: float = 1.0, threads: int = 0, lock_timeout_s: float = 60.0, "
              "progress: collections.abc.Callable[[int, int], object] | None = None) -> ScanReport"),
      "Register everything new below `root` in the folder `dataset`, as one durable commit.\n\n"
      "`format` is the text of a format (check_format). `timestamp_source` is 'mtime', 'filename' or 'column' (of the\n"
      "record itself); `timestamp_pattern` has the strptime directives %Y %m %d %H %M %S %s. `on_change` says what\n"
      "becomes of a known file whose ingested bytes changed: 'report' it, or 'replace' its samples. A file with an\n"
      "unfinished end waits until it was not written to for `quiet_s` seconds. `progress(files_done, files_total)` is\n"
      "called now and then; what it raises ends the scan. Raises ConflictError if the dataset stays locked for\n"
      "`lock_timeout_s` seconds, ValueError for impossible options, CorruptFileError if the dataset's own files are\n"
      "damaged.");
  module.def(
      "seal",
      [](const Path& dataset, const std::string& format, double lock_timeout_s) {
        return released([&] { return seal(dataset, format, lock_timeout_s); });
      },
      "dataset"_a, nb::kw_only(), "format"_a, "lock_timeout_s"_a = 60.0,
      "Make pushed samples visible from the next manifest on, without looking for files.\n\n"
      "Raises ConflictError if the dataset stays locked, CorruptFileError if a log is damaged.");
  module.def(
      "quarantine", [](const Path& dataset) { return released([&] { return quarantine(dataset); }); }, "dataset"_a,
      "The quarantine list and the conflicts of the dataset's last scan.");
}

}  // namespace modyn::bindings

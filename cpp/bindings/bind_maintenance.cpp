#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "ingest/companions.hpp"
#include "modyn/check.hpp"
#include "modyn/maintenance.hpp"
#include "paths.hpp"
#include "progress.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

nb::bytes to_bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

void bind_deletes(nb::module_& module) {
  nb::class_<DeleteReport>(module, "DeleteReport", "What a delete did.")
      .def_ro("manifest", &DeleteReport::manifest, "Number of the newest manifest afterwards.")
      .def_ro("deleted", &DeleteReport::deleted, "Samples.")
      .def_ro("already_deleted", &DeleteReport::already_deleted, "Of the keys given, before.");
  module.def(
      "delete_samples",
      [](const Path& dataset, const Column<Key>& keys, double lock_timeout_s) {
        return released([&] { return delete_samples(dataset, keys.span(), lock_timeout_s); });
      },
      "dataset"_a, "keys"_a, "lock_timeout_s"_a = 60.0,
      "Delete the samples with these int64[n] keys from the newest manifest on.\n\n"
      "Repeats and keys that were deleted before do no harm. Raises UnknownKeyError for a key that no sample ever "
      "had,\n"
      "and deletes nothing then; ConflictError if another writer holds the dataset.");
  module.def(
      "delete_ranges",
      [](const Path& dataset, const Pairs& ranges, double lock_timeout_s) {
        std::vector<KeyRange> keys;
        for (std::size_t i = 0; i < ranges.array.shape(0); ++i) {
          const auto* pair = ranges.array.data() + 2 * i;
          keys.push_back({static_cast<Key>(pair[0]), static_cast<Key>(pair[1])});
        }
        return released([&] { return delete_samples(dataset, keys, lock_timeout_s); });
      },
      "dataset"_a, "ranges"_a, "lock_timeout_s"_a = 60.0,
      "Delete all samples with keys in [first, end) of each row of uint64[n, 2] ranges. Like delete_samples.");
}

void bind_merge(nb::module_& module) {
  nb::class_<MergeReport>(module, "MergeReport", "What a merge did.")
      .def_ro("manifest", &MergeReport::manifest, "Number of the newest manifest afterwards.")
      .def_ro("merged", &MergeReport::merged, "Segments that became one.")
      .def_ro("segments", &MergeReport::segments, "Segments that there are afterwards.")
      .def_ro("bytes_written", &MergeReport::bytes_written);
  module.def(
      "merge_segments",
      [](const Path& dataset, double lock_timeout_s) {
        return released([&] { return merge_segments(dataset, lock_timeout_s); });
      },
      "dataset"_a, "lock_timeout_s"_a = 60.0,
      "Make one segment of small neighbours if there are enough of them. Keys and the sequence number stay.");
}

void bind_pins(nb::module_& module) {
  nb::class_<Pin>(module, "Pin", "Who needs which manifest.")
      .def_ro("manifest", &Pin::manifest)
      .def_ro("owner", &Pin::owner);
  module.def(
      "pin_manifest",
      [](const Path& dataset, std::uint64_t manifest, std::string_view owner, double lock_timeout_s) {
        released([&] { pin_manifest(dataset, manifest, owner, lock_timeout_s); });
      },
      "dataset"_a, "manifest"_a, "owner"_a, nb::kw_only(), "lock_timeout_s"_a = 60.0,
      "Keep a manifest and all that it needs from being collected, durably, until the owner unpins it.\n\n"
      "`owner`: 1 to 100 letters, digits, dots, hyphens and underscores. Pinning twice is pinning once. ValueError if\n"
      "there is no such manifest.");
  module.def(
      "unpin_manifest",
      [](const Path& dataset, std::uint64_t manifest, std::string_view owner) {
        return released([&] { return unpin_manifest(dataset, manifest, owner); });
      },
      "dataset"_a, "manifest"_a, "owner"_a, "False if this owner has not pinned it.");
  module.def(
      "pins", [](const Path& dataset) { return released([&] { return pins(dataset); }); }, "dataset"_a,
      "The pins of a dataset, by manifest and owner.");

  nb::class_<CollectReport>(module, "CollectReport", "What the collector removed.")
      .def_ro("manifests", &CollectReport::manifests)
      .def_ro("segments", &CollectReport::segments)
      .def_ro("deletions", &CollectReport::deletions)
      .def_ro("views", &CollectReport::views)
      .def_ro("temporaries", &CollectReport::temporaries)
      .def_ro("bytes", &CollectReport::bytes);
  module.def(
      "collect",
      [](const Path& dataset, double grace_s, double lock_timeout_s) {
        return released([&] { return collect(dataset, grace_s, lock_timeout_s); });
      },
      "dataset"_a, "grace_s"_a, nb::kw_only(), "lock_timeout_s"_a = 60.0,
      "Remove what nobody needs any more; who has an index open goes on reading.\n\n"
      "Manifests that are not the newest, not pinned, and were followed by another for longer than `grace_s` seconds;\n"
      "then the files that no remaining manifest names.");
}

// Nothing if the index cannot be read, which the check itself will find.
std::function<std::uint64_t(const SourceFile&)> companions_of(const Path& dataset,
                                                              std::optional<std::uint64_t> manifest,
                                                              const std::filesystem::path& root,
                                                              const std::string& file_extension) {
  try {
    const auto index = Index::open(dataset, manifest);
    if (index->summary().manifest == 0) return {};
    return ingest::companion_stamps(root, index->format(), file_extension);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kIo) throw;
    return {};
  }
}

void bind_check(nb::module_& module) {
  nb::class_<Finding>(module, "Finding", "Something that is not as it should be.")
      .def_prop_ro(
          "path", [](const Finding& finding) { return to_bytes(finding.path); },
          "Of a file of the dataset's folder, or of a source file relative to the root.")
      .def_ro("what", &Finding::what);
  nb::class_<CheckReport>(module, "CheckReport", "What a check found.")
      .def_ro("summary", &CheckReport::summary)
      .def_ro("source_files", &CheckReport::source_files, "Source files that were looked at.")
      .def_ro("pins", &CheckReport::pins)
      .def_ro("findings", &CheckReport::findings, "By path; empty if all is well.");
  module.def(
      "check",
      [](const Path& dataset, const std::optional<Path>& root, std::optional<std::uint64_t> manifest, unsigned threads,
         const std::optional<std::string>& file_extension, nb::object callback) {
        CheckOptions options{
            .root = root ? root->value : std::filesystem::path(), .manifest = manifest, .threads = threads};
        const Progress progress(std::move(callback));
        return released([&] {
          if (root && file_extension)
            options.companion = companions_of(dataset, manifest, options.root, *file_extension);
          return check(dataset, options, std::cref(progress));
        });
      },
      "dataset"_a, "root"_a = nb::none(), nb::kw_only(), "manifest"_a = nb::none(), "threads"_a = 0,
      "file_extension"_a = nb::none(), "progress"_a = nb::none(),
      nb::sig(
          "def check(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], "
          "root: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None, *, manifest: int | None = None, "
          "threads: int = 0, file_extension: str | None = None, progress: collections.abc.Callable[[int, int], object] "
          "| None = None) -> CheckReport"),
      "Check every byte and rule of the newest manifest, or the one with this number, and of what belongs to it.\n\n"
      "Its segments, deletions and views; all pins; and, below `root`, every source file against what was ingested of\n"
      "it. With the `file_extension` of the source files their sidecars are compared too, if the format has some. A\n"
      "problem does not end the check. `progress(done, total)` is called now and then.");
}

}  // namespace

void bind_maintenance(nb::module_& module) {
  bind_deletes(module);
  bind_merge(module);
  bind_pins(module);
  bind_check(module);
}

}  // namespace modyn::bindings

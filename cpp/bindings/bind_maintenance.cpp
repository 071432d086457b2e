#include "bind.hpp"

#include <nanobind/stl/string.h>

#include "arrays.hpp"
#include "modyn/maintenance.hpp"
#include "paths.hpp"

namespace modyn::bindings {

using namespace nanobind::literals;

void bind_maintenance(nb::module_& module) {
  nb::class_<DeleteReport>(module, "DeleteReport", "What a deletion did.")
      .def_ro("manifest", &DeleteReport::manifest, "Number of the newest manifest afterwards.")
      .def_ro("deleted", &DeleteReport::deleted, "Samples.")
      .def_ro("already_deleted", &DeleteReport::already_deleted, "Of the keys given, before.");
  module.def(
      "delete_samples",
      [](const Path& dataset, const Column<Key>& keys, double lock_timeout_s) {
        return released([&] { return delete_samples(dataset, keys.span(), lock_timeout_s); });
      },
      "dataset"_a, "keys"_a, "lock_timeout_s"_a = 60.0,
      "Delete samples from the newest manifest on; source files stay as they are.\n\n"
      "int64[n] keys in any order; repeated or deleted ones do no harm. UnknownKeyError for a key that no sample ever\n"
      "had: then nothing is deleted. ConflictError if the dataset stays locked for `lock_timeout_s` seconds.");

  nb::class_<MergeReport>(module, "MergeReport", "What a merge of segments did.")
      .def_ro("manifest", &MergeReport::manifest, "Number of the newest manifest afterwards.")
      .def_ro("merged", &MergeReport::merged, "Segments that became one.")
      .def_ro("segments", &MergeReport::segments, "There are afterwards.")
      .def_ro("bytes_written", &MergeReport::bytes_written);
  module.def(
      "merge_segments",
      [](const Path& dataset, double lock_timeout_s) {
        return released([&] { return merge_segments(dataset, lock_timeout_s); });
      },
      "dataset"_a, "lock_timeout_s"_a = 60.0,
      "Make one segment of small neighbours, if there are enough of them. Keys and the sequence number stay.\n\n"
      "Cheap if there is nothing to merge. ConflictError if the dataset stays locked for `lock_timeout_s` seconds.");
}

}  // namespace modyn::bindings

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/ledger.hpp"
#include "paths.hpp"
#include "ranges.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

void bind_reader(nb::module_& module) {
  nb::class_<Ledger>(module, "Ledger", "What each trigger of a pipeline saw, as it was at one moment.")
      .def_static(
          "open",
          [](const Path& path, const std::shared_ptr<const View>& view) {
            return released([&] { return Ledger::open(path, view); });
          },
          "path"_a, "view"_a.none() = nb::none(),
          "All that was durable. `view` is the one that ranges refer to, if there are any.\n\n"
          "Raises CorruptFileError if a check fails, ValueError if there are ranges of another view.")
      .def_prop_ro("triggers", &Ledger::triggers, "Triggers that have ended; one more may be open.")
      .def("__len__", &Ledger::size)
      .def("samples", &Ledger::samples, "first"_a, "end"_a,
           "What the triggers [first, end) saw; nothing for triggers that are not there.")
      .def(
          "verify", [](const Ledger& ledger) { released([&] { ledger.verify(); }); },
          "Check every frame; CorruptFileError if one fails.");
}

void bind_writer(nb::module_& module) {
  nb::class_<LedgerWriter>(module, "LedgerWriter", "Appends to a ledger. Any thread may call it.")
      .def(
          "__init__",
          [](LedgerWriter* self, const Path& path, double lock_timeout_s) {
            released([&] { new (self) LedgerWriter(path, lock_timeout_s); });
          },
          "path"_a, "lock_timeout_s"_a = 10.0,
          "Open the ledger, or create it. Cuts off what a killed writer left unfinished.\n\n"
          "Raises ConflictError if somebody else writes to it, CorruptFileError if it is damaged.")
      .def_prop_ro("open_trigger", &LedgerWriter::open_trigger, "The trigger that samples belong to now.")
      .def("__len__", &LedgerWriter::size)
      .def_prop_ro("cut_bytes", &LedgerWriter::cut_bytes, "Bytes that were cut off when it was opened.")
      .def(
          "inform",
          [](LedgerWriter& writer, std::uint32_t trigger, std::uint64_t batch, const Column<Key>& keys,
             const Column<Timestamp>& timestamps, const Column<std::int64_t>& labels) {
            return released(
                [&] { return writer.inform(trigger, batch, keys.span(), timestamps.span(), labels.span()); });
          },
          "trigger"_a, "batch"_a, "keys"_a, "timestamps"_a, "labels"_a,
          "Add int64[n] keys, timestamps and labels to the open trigger, wholly or not at all; durable after "
          "sync().\n\n"
          "False, and nothing changes, if the trigger has this batch already. Raises ValueError if the columns differ\n"
          "in length or the trigger is not open, ConflictError if its batch of this number is another one.")
      .def(
          "inform_ranges",
          [](LedgerWriter& writer, std::uint32_t trigger, std::uint64_t batch, const View& view, const Pairs& pairs) {
            const std::vector<Range> ranges = ranges_of(pairs);
            return released([&] { return writer.inform_ranges(trigger, batch, view, ranges); });
          },
          "trigger"_a, "batch"_a, "view"_a, "ranges"_a,
          "The same with uint64[m, 2] ranges (first position, count) of a view.")
      .def(
          "end_trigger",
          [](LedgerWriter& writer, std::uint32_t trigger) {
            return released([&] { return writer.end_trigger(trigger); });
          },
          "trigger"_a, "End the open trigger, durably with all before; False if it has ended already.")
      .def(
          "sync", [](LedgerWriter& writer) { released([&] { writer.sync(); }); },
          "Make everything durable and visible to readers.")
      .def(
          "snapshot",
          [](const LedgerWriter& writer, const std::shared_ptr<const View>& view) {
            return released([&] { return writer.snapshot(view); });
          },
          "view"_a.none() = nb::none(), "The ledger as it is now, synced or not.");
}

}  // namespace

void bind_ledger(nb::module_& module) {
  bind_reader(module);
  bind_writer(module);
}

}  // namespace modyn::bindings

// The parts of the module, one for each library.
#pragma once

#include <nanobind/nanobind.h>

namespace modyn::bindings {

void bind_index(nanobind::module_& module);
void bind_query(nanobind::module_& module);
void bind_maintenance(nanobind::module_& module);
void bind_formats(nanobind::module_& module);
void bind_ingest(nanobind::module_& module);
void bind_partition(nanobind::module_& module);
void bind_sequence(nanobind::module_& module);
void bind_selection(nanobind::module_& module);
void bind_ledger(nanobind::module_& module);
void bind_fetch(nanobind::module_& module);
void bind_threads(nanobind::module_& module);
void bind_push(nanobind::module_& module);
void bind_watch(nanobind::module_& module);

}  // namespace modyn::bindings

// modyn._native: the native libraries for Python.
//
// Only arguments are converted here. Every call takes a batch, releases the GIL while it works, and
// returns NumPy arrays that own their memory.
#include "bind.hpp"
#include "errors.hpp"

NB_MODULE(_native, module) {
  module.doc() = "Native data plane: indexes, ingest, fetch, and addressed randomness.";
#if defined(NDEBUG)
  // Objects that outlive the interpreter (in a traceback that is still held) concern only who develops this module.
  nanobind::set_leak_warnings(false);
#endif
  modyn::bindings::register_errors();
  modyn::bindings::bind_index(module);
  modyn::bindings::bind_query(module);
  modyn::bindings::bind_maintenance(module);
  modyn::bindings::bind_formats(module);
  modyn::bindings::bind_ingest(module);
  modyn::bindings::bind_partition(module);
  modyn::bindings::bind_sequence(module);
  modyn::bindings::bind_selection(module);
  modyn::bindings::bind_ledger(module);
  modyn::bindings::bind_fetch(module);
  modyn::bindings::bind_threads(module);
  modyn::bindings::bind_push(module);
  modyn::bindings::bind_watch(module);
}

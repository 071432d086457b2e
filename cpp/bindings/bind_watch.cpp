#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/watch.hpp"
#include "paths.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;
using Clock = std::chrono::steady_clock;

// Python's signal handlers run between two slices, in the main thread: this is how long Ctrl-C may take.
constexpr double kSliceS = 0.2;

const char* name_of(WatchReason reason) {
  switch (reason) {
    case WatchReason::kChanges:
      return "changes";
    case WatchReason::kTimeout:
      return "timeout";
    case WatchReason::kStop:
      return "stop";
  }
  return "";
}

const char* wait(Watcher& watcher, double timeout_s) {
  const auto start = Clock::now();
  while (true) {
    const double left = timeout_s - std::chrono::duration<double>(Clock::now() - start).count();
    const double slice = left > kSliceS ? kSliceS : (left < 0 && timeout_s >= 0 ? 0 : left);
    const WatchReason reason = released([&] { return watcher.wait(slice); });
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (reason != WatchReason::kTimeout || left <= kSliceS) return name_of(reason);
  }
}

}  // namespace

void bind_watch(nb::module_& module) {
  nb::class_<WatchedFolder>(module, "WatchedFolder", "A folder with all below it.")
      .def(
          "__init__",
          [](WatchedFolder* self, const Path& path, const std::string& ending, const Path& excluded) {
            new (self) WatchedFolder{path, ending, excluded};
          },
          "path"_a, nb::kw_only(), "ending"_a = "", "excluded"_a = "",
          "Describe what to watch.\n\n"
          "`path` may be missing, vanish and come back. Only files whose name ends with `ending` count, and nothing "
          "in\n"
          "the folder `excluded`; names that begin with '.' or '~' never do.");

  nb::class_<Watcher>(module, "Watcher",
                      "Tells when it is worth while to scan folders again.\n\n"
                      "A hint, where the operating system gives one: see `scans_because`.")
      .def(
          "__init__",
          [](Watcher* self, std::vector<WatchedFolder> folders, double min_interval_s, double quiet_s) {
            const WatchOptions options{min_interval_s, quiet_s};
            released([&] { new (self) Watcher(std::move(folders), options); });
          },
          "folders"_a, nb::kw_only(), "min_interval_s"_a = WatchOptions{}.min_interval_s,
          "quiet_s"_a = WatchOptions{}.quiet_s,
          "Begin to watch.\n\n"
          "Changes are told at most every `min_interval_s` seconds, a burst of them when nothing has happened for\n"
          "`quiet_s` seconds.")
      .def("wait", wait, "timeout_s"_a,
           nb::sig("def wait(self, timeout_s: float) -> typing.Literal['changes', 'timeout', 'stop']"),
           "Wait for changes since the last that were told, for the time to be over, or for `stop`.\n\n"
           "One thread at a time; signal handlers of Python run meanwhile.")
      .def("stop", &Watcher::stop, "End this wait and all later ones at once; from any thread or signal handler.")
      .def_prop_ro(
          "scans_because", [](const Watcher& watcher) { return watcher.scans_because(); },
          "Why changes are not told, so that only scanning finds them; empty while they are.");
}

}  // namespace modyn::bindings

// Progress of long work, told to Python.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <utility>

namespace modyn::bindings {

// Calls back with the GIL, and lets Ctrl-C end the work even where nobody wants to hear of its progress.
class Progress {
 public:
  explicit Progress(nanobind::object callback) : callback_(std::move(callback)) {}

  void operator()(std::uint64_t done, std::uint64_t total) const {
    const nanobind::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
    if (!callback_.is_none()) callback_(done, total);
  }

 private:
  nanobind::object callback_;
};

}  // namespace modyn::bindings

#include "errors.hpp"

#include <nanobind/nanobind.h>

#include <exception>

#include "modyn/error.hpp"

namespace modyn::bindings {
namespace {

namespace nb = nanobind;

// Imported when needed: importing modyn imports this module.
nb::object class_of(ErrorKind kind) {
  const auto ours = [](const char* name) { return nb::module_::import_("modyn.errors").attr(name); };
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return nb::borrow(PyExc_ValueError);
    case ErrorKind::kUnknownKey:
      return ours("UnknownKeyError");
    case ErrorKind::kCorrupt:
      return ours("CorruptFileError");
    case ErrorKind::kSourceChanged:
      return ours("SourceChangedError");
    case ErrorKind::kConflict:
      return ours("ConflictError");
    case ErrorKind::kIo:
      return nb::borrow(PyExc_OSError);
  }
  return nb::borrow(PyExc_RuntimeError);
}

void translate(const std::exception_ptr& exception, void*) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    PyErr_SetString(class_of(error.kind()).ptr(), error.what());
  }
}

}  // namespace

void register_errors() { nb::register_exception_translator(translate); }

}  // namespace modyn::bindings

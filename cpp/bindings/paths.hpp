// Path arguments: whatever os.fspath takes. File names are bytes and may be no valid text.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/filesystem.h>

#include <cstdint>
#include <filesystem>
#include <utility>

namespace modyn::bindings {

struct Path {
  std::filesystem::path value;
  operator const std::filesystem::path&() const noexcept { return value; }
};

}  // namespace modyn::bindings

namespace nanobind::detail {

// nanobind's conversion under a type that names all that it accepts.
template <>
struct type_caster<modyn::bindings::Path> {
  NB_TYPE_CASTER(modyn::bindings::Path, const_name("str | bytes | os.PathLike[str] | os.PathLike[bytes]"))

  bool from_python(handle source, std::uint32_t flags, cleanup_list* cleanup) noexcept {
    make_caster<std::filesystem::path> path;
    if (!path.from_python(source, flags, cleanup)) return false;
    value.value = std::move(path.value);
    return true;
  }
};

}  // namespace nanobind::detail

// NumPy arrays in and out.
//
// In: Column<T> takes whatever NumPy makes a one-dimensional array of the right kind from (integers
// for integer columns, floats for float columns; never floats for keys). Out: arrays that own their
// memory and point into nothing else.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "array_memory.hpp"

namespace modyn::bindings {

namespace nb = nanobind;

// An argument: int64, uint64 or float32 elements, contiguous. Borrows the array for the call.
template <typename T>
struct Column {
  nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu> array;
  [[nodiscard]] std::span<const T> span() const { return {array.data(), array.size()}; }
};

// An argument of shape [n, 2], for pairs of positions and counts.
struct Pairs {
  nb::ndarray<const std::uint64_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu> array;
};

// A contiguous NumPy array of `dtype` ("int64", ...) with the numbers of `source`, or nothing (an
// invalid object) if they are of another kind: integers do not become floats here, nor floats integers.
inline nb::object as_numpy(nb::handle source, const char* dtype) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object array = numpy.attr("asarray")(source);
  const bool wants_floats = dtype[0] == 'f';
  const auto kind = nb::cast<std::string>(array.attr("dtype").attr("kind"));
  const bool fits = wants_floats ? kind == "f" : (kind == "i" || kind == "u");
  if (!fits && nb::cast<std::size_t>(array.attr("size")) > 0) return {};
  return numpy.attr("ascontiguousarray")(array, dtype);
}

template <typename T>
constexpr const char* dtype_name() {
  static_assert(std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t> || std::is_same_v<T, float>);
  if constexpr (std::is_same_v<T, std::int64_t>) return "int64";
  if constexpr (std::is_same_v<T, std::uint64_t>) return "uint64";
  return "float32";
}

// Uninitialised memory that becomes a NumPy array. Filled without the GIL, converted with it.
template <typename T>
class Buffer {
 public:
  explicit Buffer(std::size_t size) : memory_(allocate(size)), size_(size) {}

  [[nodiscard]] std::span<T> span() noexcept { return {static_cast<T*>(memory_.get()), size_}; }

  nb::ndarray<nb::numpy, T, nb::ndim<1>> to_array() && {
    void* const data = memory_.get();
    return {data, {size_}, owner()};
  }
  // Of shape [rows, size / rows].
  nb::ndarray<nb::numpy, T, nb::ndim<2>> to_matrix(std::size_t rows, std::size_t columns) && {
    void* const data = memory_.get();
    return {data, {rows, columns}, owner()};
  }

 private:
  static ArrayMemory allocate(std::size_t size) {
    if (size > PTRDIFF_MAX / sizeof(T)) throw std::bad_alloc();
    return allocate_array(size * sizeof(T));
  }
  nb::capsule owner() {
    nb::capsule capsule(memory_.get(), [](void* memory) noexcept { ReturnArrayMemory()(memory); });
    static_cast<void>(memory_.release());  // the capsule's now
    return capsule;
  }

  ArrayMemory memory_;
  std::size_t size_;
};

// Runs work() without the GIL.
template <typename Work>
decltype(auto) released(const Work& work) {
  const nb::gil_scoped_release release;
  return work();
}

}  // namespace modyn::bindings

namespace nanobind::detail {

template <typename T>
struct type_caster<modyn::bindings::Column<T>> {
  NB_TYPE_CASTER(modyn::bindings::Column<T>, const_name("numpy.typing.ArrayLike"))

  bool from_python(handle source, std::uint32_t, cleanup_list*) noexcept {
    try {
      const object array = modyn::bindings::as_numpy(source, modyn::bindings::dtype_name<T>());
      return array.is_valid() && try_cast(array, value.array, false);
    } catch (python_error&) {
      return false;  // not an array at all: a TypeError that shows the signature
    }
  }
};

template <>
struct type_caster<modyn::bindings::Pairs> {
  NB_TYPE_CASTER(modyn::bindings::Pairs, const_name("numpy.typing.ArrayLike"))

  bool from_python(handle source, std::uint32_t, cleanup_list*) noexcept {
    try {
      object array = modyn::bindings::as_numpy(source, "uint64");
      if (array.is_valid() && cast<std::size_t>(array.attr("size")) == 0) array = array.attr("reshape")(0, 2);
      return array.is_valid() && try_cast(array, value.array, false);
    } catch (python_error&) {
      return false;
    }
  }
};

}  // namespace nanobind::detail

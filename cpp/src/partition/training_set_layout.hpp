// The columns of a training-set file. docs/formats.md describes them; change both together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "modyn/index.hpp"

namespace modyn::partition {

// "header": one uint64 for each HeaderField. "first" and "end" (ranges) or "keys"; "weights" if weighted.
inline constexpr std::string_view kHeaderColumn = "header";
inline constexpr std::string_view kFirstColumn = "first";      // uint64: first position of range r in the view
inline constexpr std::string_view kEndColumn = "end";          // uint64: samples in ranges 0..r, r included
inline constexpr std::string_view kKeysColumn = "keys";        // int64
inline constexpr std::string_view kWeightsColumn = "weights";  // float32

inline constexpr std::uint64_t kTrainingSetVersion = 1;

enum HeaderField : std::size_t {
  kVersion,
  kRepresentation,  // a Representation
  kSamples,
  kManifest,
  kManifestSequence,
  kViewOrder,  // code_of()
  kViewSamples,
  kPhiloxVersionField,
  kPermutationVersionField,
  kHeaderFields,
};

enum Representation : std::uint64_t { kRanges = 1, kKeys = 2 };

// Written to disk, so independent of how the enumeration is declared.
[[nodiscard]] constexpr std::uint64_t code_of(ViewOrder order) noexcept { return order == ViewOrder::kTime ? 1 : 0; }

using Header = std::array<std::uint64_t, kHeaderFields>;

}  // namespace modyn::partition

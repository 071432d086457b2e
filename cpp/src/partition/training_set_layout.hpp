// The columns of a training-set file. docs/formats.md describes them; change both together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>

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
  kPhiloxVersionField,
  kPermutationVersionField,
  kViewFields,  // from here on: describe() of the view
};

enum Representation : std::uint64_t { kRanges = 1, kKeys = 2 };

// What tells views apart. The dataset's random identity is left out on purpose: the same files,
// scanned into another workspace, must give the same training-set file.
struct ViewProperty {
  const char* name;
  std::uint64_t value;
};
using ViewProperties = std::array<ViewProperty, 9>;

[[nodiscard]] inline ViewProperties describe(const View& view) {
  const IndexSummary& summary = view.index()->summary();
  const FixedRecordFormat* const records = view.index()->fixed_records();
  return {{{"manifest", summary.manifest},
           {"sequence number", summary.sequence},
           {"next key", static_cast<std::uint64_t>(summary.next_key)},
           {"number of files", summary.files},
           {"first timestamp", static_cast<std::uint64_t>(summary.first_timestamp)},
           {"last timestamp", static_cast<std::uint64_t>(summary.last_timestamp)},
           {"record size", records == nullptr ? 0 : records->record_size},
           {"order (0 sequence, 1 time)", view.order() == ViewOrder::kTime ? 1U : 0U},
           {"number of samples", view.size()}}};
}

inline constexpr std::size_t kHeaderFields = kViewFields + std::tuple_size_v<ViewProperties>;
using Header = std::array<std::uint64_t, kHeaderFields>;

}  // namespace modyn::partition

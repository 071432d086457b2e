#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "modyn/column_file.hpp"
#include "modyn/partition.hpp"
#include "partition/training_set_layout.hpp"

namespace modyn {
namespace {

using partition::Header;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what,
                         ErrorKind kind = ErrorKind::kInvalidArgument) {
  throw Error(kind, "training set " + core::quoted(path) + ": " + what);
}

void check_weights(const std::filesystem::path& path, std::span<const float> weights, std::uint64_t samples) {
  if (!weights.empty() && weights.size() != samples) {
    refuse(path, core::grouped(std::uint64_t{weights.size()}) + " weights for " + core::grouped(samples) +
                     " samples; give one for each sample or none");
  }
  const auto bad = std::ranges::find_if_not(weights, [](float weight) { return std::isfinite(weight); });
  if (bad != weights.end()) {
    refuse(path,
           "weight " + std::to_string(*bad) + " of sample " + std::to_string(bad - weights.begin()) + " is not finite");
  }
}

Header header_for(const View& view, partition::Representation representation, std::uint64_t samples) {
  Header header{};
  header[partition::kVersion] = partition::kTrainingSetVersion;
  header[partition::kRepresentation] = representation;
  header[partition::kSamples] = samples;
  header[partition::kPhiloxVersionField] = kPhiloxVersion;
  header[partition::kPermutationVersionField] = kPermutationVersion;
  std::ranges::transform(partition::describe(view), header.begin() + partition::kViewFields,
                         &partition::ViewProperty::value);
  return header;
}

void add_common(ColumnFileWriter& writer, const Header& header, std::span<const float> weights) {
  writer.add(partition::kHeaderColumn, ColumnType::kUint64, std::as_bytes(std::span(header)));
  if (!weights.empty()) writer.add(partition::kWeightsColumn, ColumnType::kFloat32, std::as_bytes(weights));
}

struct RangeColumns {
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> end;
};

// Ranges that continue each other become one, so equal sets give equal files however they were collected.
RangeColumns columns_of(const std::filesystem::path& path, std::span<const Range> ranges, std::uint64_t view_size) {
  RangeColumns columns;
  std::uint64_t samples = 0;
  std::uint64_t next_position = std::numeric_limits<std::uint64_t>::max();
  for (const Range& range : ranges) {
    if (range.first > view_size || range.count > view_size - range.first) {
      refuse(path, "range [" + core::grouped(range.first) + ", " + core::grouped(range.first) + " + " +
                       core::grouped(range.count) + ") reaches beyond the view's " + core::grouped(view_size) +
                       " samples");
    }
    if (range.count == 0) continue;
    if (range.count > std::numeric_limits<std::uint64_t>::max() - samples) {
      refuse(path, "the ranges hold more than 2^64 - 1 samples");
    }
    samples += range.count;
    if (range.first == next_position) {
      columns.end.back() = samples;
    } else {
      columns.first.push_back(range.first);
      columns.end.push_back(samples);
    }
    next_position = range.first + range.count;
  }
  return columns;
}

}  // namespace

void TrainingSet::write_ranges(const std::filesystem::path& path, const View& view, std::span<const Range> ranges,
                               std::span<const float> weights) {
  const RangeColumns columns = columns_of(path, ranges, view.size());
  const std::uint64_t samples = columns.end.empty() ? 0 : columns.end.back();
  check_weights(path, weights, samples);
  const Header header = header_for(view, partition::kRanges, samples);
  ColumnFileWriter writer(FileKind::kTrainingSet);
  add_common(writer, header, weights);
  writer.add(partition::kFirstColumn, ColumnType::kUint64, std::as_bytes(std::span(columns.first)));
  writer.add(partition::kEndColumn, ColumnType::kUint64, std::as_bytes(std::span(columns.end)));
  writer.publish(path);
}

void TrainingSet::write_keys(const std::filesystem::path& path, const View& view, std::span<const Key> keys,
                             std::span<const float> weights) {
  check_weights(path, weights, keys.size());
  // Keys within the range ever given out may still have been retired; fetch names those.
  const Key next_key = view.index()->summary().next_key;
  const auto unknown = std::ranges::find_if(keys, [next_key](Key key) { return key < 0 || key >= next_key; });
  if (unknown != keys.end()) {
    refuse(
        path,
        "key " + core::grouped(*unknown) + " is not in the dataset, whose keys are 0 to " + core::grouped(next_key - 1),
        ErrorKind::kUnknownKey);
  }
  const Header header = header_for(view, partition::kKeys, keys.size());
  ColumnFileWriter writer(FileKind::kTrainingSet);
  add_common(writer, header, weights);
  writer.add(partition::kKeysColumn, ColumnType::kInt64, std::as_bytes(keys));
  writer.publish(path);
}

}  // namespace modyn

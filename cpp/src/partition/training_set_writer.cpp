#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "modyn/column_file.hpp"
#include "modyn/partition.hpp"
#include "modyn/sequence.hpp"
#include "partition/training_set_layout.hpp"

namespace modyn {
namespace {

using partition::Header;

// Elements that are checked, or read and written, at a time.
constexpr std::size_t kPiece = 65'536;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what,
                         ErrorKind kind = ErrorKind::kInvalidArgument) {
  throw Error(kind, "training set " + core::quoted(path) + ": " + what);
}

void check_weights(const std::filesystem::path& path, std::span<const float> weights, std::uint64_t first) {
  // Exponents of all ones are those of infinities and NaNs. Unlike a search, this loop is vectorised.
  std::uint32_t bad = 0;
  for (const float weight : weights) {
    const std::uint32_t exponent = std::bit_cast<std::uint32_t>(weight) & 0x7F800000U;
    bad |= exponent == 0x7F800000U ? 1U : 0U;
  }
  if (bad == 0) return;
  const auto place = std::ranges::find_if_not(weights, [](float weight) { return std::isfinite(weight); });
  refuse(path, "weight " + std::to_string(*place) + " of sample " +
                   core::grouped(first + static_cast<std::uint64_t>(place - weights.begin())) + " is not finite");
}

void check_number_of_weights(const std::filesystem::path& path, std::size_t weights, std::uint64_t samples) {
  if (weights == 0 || weights == samples) return;
  refuse(path, core::grouped(std::uint64_t{weights}) + " weights for " + core::grouped(samples) +
                   " samples; give one for each sample or none");
}

[[noreturn]] void refuse_key(const std::filesystem::path& path, Key key, const std::string& why) {
  refuse(path, "key " + core::grouped(key) + why, ErrorKind::kUnknownKey);
}

// That the dataset has given out the keys, and that none is deleted in the pinned manifest.
void check_keys(const std::filesystem::path& path, std::span<const Key> keys, const Index& index) {
  const auto next_key = static_cast<std::uint64_t>(index.summary().next_key);
  const auto is_unknown = [next_key](Key key) { return static_cast<std::uint64_t>(key) >= next_key; };  // or negative
  std::uint64_t unknown = 0;
  for (const Key key : keys) unknown |= is_unknown(key) ? 1U : 0U;  // unlike a search, this is vectorised
  if (unknown != 0) {
    refuse_key(path, *std::ranges::find_if(keys, is_unknown),
               " is not in the dataset, whose keys are 0 to " + core::grouped(index.summary().next_key - 1));
  }
  if (index.summary().deleted == 0) return;
  std::array<bool, kPiece> is_deleted;
  for (std::size_t first = 0; first < keys.size(); first += kPiece) {
    const auto piece = keys.subspan(first, std::min(kPiece, keys.size() - first));
    index.deleted(piece, std::span(is_deleted).first(piece.size()));
    const auto end = is_deleted.begin() + static_cast<std::ptrdiff_t>(piece.size());
    const auto found = std::find(is_deleted.begin(), end, true);
    if (found == end) continue;
    refuse_key(path, piece[static_cast<std::size_t>(found - is_deleted.begin())],
               " is deleted in manifest " + core::grouped(index.summary().manifest));
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

void add_header(ColumnFileWriter& writer, const Header& header) {
  writer.add(partition::kHeaderColumn, ColumnType::kUint64, std::as_bytes(std::span(header)));
}

// A column that is checked while it is written: what check(first, piece) has brought into the cache is written from
// there.
template <typename T, typename Check>
void add_checked(ColumnFileWriter& writer, std::string_view name, std::span<const T> values, const Check& check) {
  writer.add_streamed(name, column_type<T>(), values.size(), [values, check](const ColumnFileWriter::Sink& sink) {
    for (std::size_t first = 0; first < values.size(); first += kPiece) {
      const auto piece = values.subspan(first, std::min(kPiece, values.size() - first));
      check(first, piece);
      sink(std::as_bytes(piece));
    }
  });
}

void add_weights(ColumnFileWriter& writer, const std::filesystem::path& path, std::span<const float> weights) {
  add_checked(writer, partition::kWeightsColumn, weights,
              [&path](std::uint64_t first, auto piece) { check_weights(path, piece, first); });
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

void add_ranges(ColumnFileWriter& writer, const RangeColumns& columns) {
  writer.add(partition::kFirstColumn, ColumnType::kUint64, std::as_bytes(std::span(columns.first)));
  writer.add(partition::kEndColumn, ColumnType::kUint64, std::as_bytes(std::span(columns.end)));
}

// A column that is read from a sequence while it is written. read(first, piece) fills and checks a piece.
template <typename T, typename Read>
void add_read(ColumnFileWriter& writer, std::string_view name, std::uint64_t samples, const Read& read) {
  writer.add_streamed(name, column_type<T>(), samples, [samples, read](const ColumnFileWriter::Sink& sink) {
    std::vector<T> piece(static_cast<std::size_t>(std::min<std::uint64_t>(samples, kPiece)));
    for (std::uint64_t first = 0; first < samples; first += piece.size()) {
      piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), samples - first)));
      read(first, std::span(piece));
      sink(std::as_bytes(std::span(piece)));
    }
  });
}

}  // namespace

void TrainingSet::write_ranges(const std::filesystem::path& path, const View& view, std::span<const Range> ranges,
                               std::span<const float> weights) {
  const RangeColumns columns = columns_of(path, ranges, view.size());
  const std::uint64_t samples = columns.end.empty() ? 0 : columns.end.back();
  check_number_of_weights(path, weights.size(), samples);
  const Header header = header_for(view, partition::kRanges, samples);
  ColumnFileWriter writer(FileKind::kTrainingSet);
  add_header(writer, header);
  if (!weights.empty()) add_weights(writer, path, weights);
  add_ranges(writer, columns);
  writer.publish(path);
}

void TrainingSet::write_keys(const std::filesystem::path& path, const View& view, std::span<const Key> keys,
                             std::span<const float> weights) {
  check_number_of_weights(path, weights.size(), keys.size());
  const Header header = header_for(view, partition::kKeys, keys.size());
  ColumnFileWriter writer(FileKind::kTrainingSet);
  add_header(writer, header);
  if (!weights.empty()) add_weights(writer, path, weights);
  add_checked(writer, partition::kKeysColumn, keys,
              [&](std::uint64_t, auto piece) { check_keys(path, piece, *view.index()); });
  writer.publish(path);
}

void write_training_set(const std::filesystem::path& path, const View& view, const Sequence& sequence) {
  const auto ranges = sequence.ranges(view);
  const RangeColumns columns = ranges ? columns_of(path, *ranges, view.size()) : RangeColumns();
  const Header header = header_for(view, ranges ? partition::kRanges : partition::kKeys, sequence.size());
  ColumnFileWriter writer(FileKind::kTrainingSet);
  add_header(writer, header);
  if (sequence.weighted()) {
    add_read<float>(writer, partition::kWeightsColumn, sequence.size(), [&](std::uint64_t first, auto weights) {
      sequence.read(first, weights.size(), {.weights = weights});
      check_weights(path, weights, first);
    });
  }
  if (ranges) {
    add_ranges(writer, columns);
  } else {
    add_read<Key>(writer, partition::kKeysColumn, sequence.size(), [&](std::uint64_t first, auto keys) {
      sequence.read(first, keys.size(), {.keys = keys});
      check_keys(path, keys, *view.index());
    });
  }
  writer.publish(path);
}

}  // namespace modyn

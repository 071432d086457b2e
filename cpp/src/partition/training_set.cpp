#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "modyn/column_file.hpp"
#include "modyn/partition.hpp"
#include "partition/range_table.hpp"
#include "partition/training_set_layout.hpp"

namespace modyn {
namespace {

using partition::Header;

constexpr std::size_t kBlock = 1024;

[[noreturn]] void corrupt(const ColumnFile& file, const std::string& what) {
  throw Error(ErrorKind::kCorrupt, "training set " + core::quoted(file.path()) + ": " + what);
}

Header read_header(const ColumnFile& file) {
  const auto column = file.read<std::uint64_t>(partition::kHeaderColumn);
  if (column.empty() || column[partition::kVersion] != partition::kTrainingSetVersion) {
    corrupt(file, "format version " + (column.empty() ? "missing" : std::to_string(column[0])) +
                      "; this version of Modyn reads version " + std::to_string(partition::kTrainingSetVersion));
  }
  Header header{};
  if (column.size() != header.size()) {
    corrupt(file, "its header has " + std::to_string(column.size()) + " fields, not " + std::to_string(header.size()));
  }
  std::ranges::copy(column, header.begin());
  if (header[partition::kPhiloxVersionField] != kPhiloxVersion ||
      header[partition::kPermutationVersionField] != kPermutationVersion) {
    corrupt(file, "made for version " + std::to_string(header[partition::kPhiloxVersionField]) + " of Philox and " +
                      std::to_string(header[partition::kPermutationVersionField]) +
                      " of the permutation; this version of Modyn has " + std::to_string(kPhiloxVersion) + " and " +
                      std::to_string(kPermutationVersion));
  }
  return header;
}

void check_view(const ColumnFile& file, const Header& header, const View& view) {
  std::size_t field = partition::kViewFields;
  for (const auto& [name, value] : partition::describe(view)) {
    if (header[field] != value) {
      throw Error(ErrorKind::kInvalidArgument,
                  "training set " + core::quoted(file.path()) + " was written for a view whose " + name + " is " +
                      std::to_string(header[field]) + "; the view given has " + std::to_string(value));
    }
    ++field;
  }
}

void require_size(const ColumnFile& file, std::string_view column, std::uint64_t expected) {
  const std::uint64_t actual = file.size(column);
  if (actual != expected) {
    corrupt(file, "column '" + std::string(column) + "' has " + std::to_string(actual) + " elements, not " +
                      std::to_string(expected));
  }
}

}  // namespace

struct TrainingSet::State {
  std::shared_ptr<const ColumnFile> file;
  std::shared_ptr<const View> view;
  std::uint64_t samples = 0;
  bool weighted = false;
  bool explicit_keys = false;
  partition::RangeTable ranges;  // if not explicit keys; lies in the file's map
  // Whole columns, verified when a random access first needs them.
  mutable std::once_flag all_keys_once;
  mutable std::once_flag all_weights_once;
  mutable std::span<const Key> all_keys;
  mutable std::span<const float> all_weights;

  void open_ranges();
  void check_request(std::size_t keys, std::size_t weights) const;
  void check_end(std::uint64_t first, std::uint64_t count) const;

  void keys_in_ranges(std::uint64_t first, std::span<Key> keys) const;
  void keys_in_ranges_at(std::span<const std::uint64_t> indices, std::span<Key> keys) const;
};

void TrainingSet::State::open_ranges() {
  const auto first = file->read<std::uint64_t>(partition::kFirstColumn);
  const auto end = file->read<std::uint64_t>(partition::kEndColumn);
  require_size(*file, partition::kEndColumn, first.size());
  ranges = partition::RangeTable(first, end);
  for (std::size_t range = 0; range < ranges.ranges(); ++range) {
    const std::uint64_t count = end[range] - ranges.begin_of(range);
    if (end[range] <= ranges.begin_of(range) || first[range] > view->size() || count > view->size() - first[range]) {
      corrupt(*file, "range " + std::to_string(range) + " is empty or reaches beyond the view");
    }
  }
  if (ranges.samples() != samples) {
    corrupt(*file, "its ranges hold " + std::to_string(ranges.samples()) + " samples, not the " +
                       core::grouped(samples) + " of its header");
  }
}

void TrainingSet::State::check_request(std::size_t keys, std::size_t weights) const {
  if (weights == 0 || weights == keys) return;
  throw Error(ErrorKind::kInvalidArgument, "training set " + core::quoted(file->path()) + ": room for " +
                                               std::to_string(weights) + " weights and " + std::to_string(keys) +
                                               " keys asked for");
}

void TrainingSet::State::check_end(std::uint64_t first, std::uint64_t count) const {
  if (first <= samples && count <= samples - first) return;
  throw Error(ErrorKind::kInvalidArgument, "training set " + core::quoted(file->path()) + ": samples [" +
                                               core::grouped(first) + ", " + core::grouped(first) + " + " +
                                               core::grouped(count) + ") asked for; it has " + core::grouped(samples));
}

void TrainingSet::State::keys_in_ranges(std::uint64_t first, std::span<Key> keys) const {
  ranges.for_each(first, keys.size(), [&](std::uint64_t position, std::uint64_t at, std::uint64_t count) {
    view->keys(position, keys.subspan(at, count));
  });
}

void TrainingSet::State::keys_in_ranges_at(std::span<const std::uint64_t> indices, std::span<Key> keys) const {
  std::array<std::uint64_t, kBlock> positions;
  for (std::size_t done = 0; done < indices.size(); done += kBlock) {
    const auto block = indices.subspan(done, std::min(kBlock, indices.size() - done));
    std::ranges::transform(block, positions.begin(), [this](std::uint64_t index) { return ranges.position_of(index); });
    view->keys_at(std::span(positions).first(block.size()), keys.subspan(done, block.size()));
  }
}

TrainingSet::TrainingSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrainingSet::~TrainingSet() = default;

std::shared_ptr<const TrainingSet> TrainingSet::open(const std::filesystem::path& path,
                                                     std::shared_ptr<const View> view) {
  auto state = std::make_unique<State>();
  state->file = ColumnFile::open(path, FileKind::kTrainingSet, ReadBy::kCopy);
  state->view = std::move(view);
  const ColumnFile& file = *state->file;
  const Header header = read_header(file);
  check_view(file, header, *state->view);
  state->samples = header[partition::kSamples];
  state->weighted = file.has(partition::kWeightsColumn);
  if (state->weighted) require_size(file, partition::kWeightsColumn, state->samples);
  if (header[partition::kRepresentation] == partition::kKeys) {
    state->explicit_keys = true;
    require_size(file, partition::kKeysColumn, state->samples);
  } else if (header[partition::kRepresentation] == partition::kRanges) {
    state->open_ranges();
  } else {
    corrupt(file, "unknown representation " + std::to_string(header[partition::kRepresentation]));
  }
  return std::shared_ptr<const TrainingSet>(new TrainingSet(std::move(state)));
}

std::uint64_t TrainingSet::size() const noexcept { return state_->samples; }
bool TrainingSet::weighted() const noexcept { return state_->weighted; }
const std::shared_ptr<const View>& TrainingSet::view() const noexcept { return state_->view; }
std::uint32_t TrainingSet::digest() const noexcept { return state_->file->digest(); }

void TrainingSet::read(std::uint64_t first, std::span<Key> keys, std::span<float> weights) const {
  const State& state = *state_;
  state.check_request(keys.size(), weights.size());
  state.check_end(first, keys.size());
  if (keys.empty()) return;
  if (state.explicit_keys) {
    state.file->column<Key>(partition::kKeysColumn).copy(first, keys);
  } else {
    state.keys_in_ranges(first, keys);
  }
  if (state.weighted && !weights.empty()) {
    state.file->column<float>(partition::kWeightsColumn).copy(first, weights);
  } else {
    std::ranges::fill(weights, 1.0F);
  }
}

void TrainingSet::read_at(std::span<const std::uint64_t> indices, std::span<Key> keys, std::span<float> weights) const {
  const State& state = *state_;
  if (indices.size() != keys.size()) {
    throw Error(ErrorKind::kInvalidArgument, "training set " + core::quoted(state.file->path()) + ": room for " +
                                                 std::to_string(keys.size()) + " keys and " +
                                                 std::to_string(indices.size()) + " indices asked for");
  }
  state.check_request(keys.size(), weights.size());
  if (indices.empty()) return;
  state.check_end(std::ranges::max(indices), 1);
  if (state.explicit_keys) {
    std::call_once(state.all_keys_once, [&] { state.all_keys = state.file->read<Key>(partition::kKeysColumn); });
    std::ranges::transform(indices, keys.begin(), [&](std::uint64_t index) { return state.all_keys[index]; });
  } else {
    state.keys_in_ranges_at(indices, keys);
  }
  if (state.weighted && !weights.empty()) {
    std::call_once(state.all_weights_once,
                   [&] { state.all_weights = state.file->read<float>(partition::kWeightsColumn); });
    std::ranges::transform(indices, weights.begin(), [&](std::uint64_t index) { return state.all_weights[index]; });
  } else {
    std::ranges::fill(weights, 1.0F);
  }
}

}  // namespace modyn

#include <algorithm>
#include <numeric>

#include "core/message.hpp"
#include "index/index_state.hpp"
#include "index/segment.hpp"
#include "modyn/index.hpp"

namespace modyn {
namespace {

// Consecutive keys with one timestamp.
struct Run {
  Key first_key;
  std::uint64_t count;
  Timestamp timestamp;
};

// Joins neighbours, which leaves one run for many files of one day.
void append(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty() && runs.back().timestamp == run.timestamp &&
      runs.back().first_key + static_cast<Key>(runs.back().count) == run.first_key) {
    runs.back().count += run.count;
  } else {
    runs.push_back(run);
  }
}

std::vector<Run> runs_by_key(const Index::State& state) {
  std::vector<Run> runs;
  for (const auto& segment : state.segments) {
    const index::Extents& extents = segment->extents();
    for (std::size_t i = 0; i < extents.first_key.size(); ++i) {
      const Key first = extents.first_key[i];
      const std::uint64_t count = segment->extent_size(i);
      if (extents.last_of(i) == extents.timestamp[i]) {
        append(runs, {first, count, extents.timestamp[i]});
        continue;
      }
      for (Key key = first; key < first + static_cast<Key>(count); ++key) {
        append(runs, {key, 1, extents.timestamp[i] + segment->later()[segment->row_of(key)]});
      }
    }
  }
  return runs;
}

std::vector<Run> runs_by_time(const Index::State& state) {
  std::vector<Run> runs = runs_by_key(state);
  // Stable: equal timestamps stay in the order of their keys.
  std::ranges::stable_sort(runs, {}, &Run::timestamp);
  std::vector<Run> joined;
  for (const Run& run : runs) append(joined, run);
  return joined;
}

}  // namespace

struct View::State {
  State(std::shared_ptr<const Index> viewed, ViewOrder wanted, const std::vector<Run>& runs);

  // The run with this position, which must exist.
  [[nodiscard]] std::size_t run_of(std::uint64_t position) const {
    const auto after = std::ranges::upper_bound(first_position, position);
    return static_cast<std::size_t>(after - first_position.begin()) - 1;
  }
  [[nodiscard]] std::uint64_t end_of(std::size_t run) const { return first_position[run + 1]; }
  void check_range(std::uint64_t first, std::uint64_t count) const;
  // Calls action(run, offset in the run, offset in the range, count) for each run in the range.
  template <typename Action>
  void for_each_run(std::uint64_t first, std::uint64_t count, Action action) const;

  std::shared_ptr<const Index> index;
  ViewOrder order;
  std::uint64_t size = 0;
  std::vector<std::uint64_t> first_position;  // of each run, and the size of the view at the end
  std::vector<Key> first_key;
  std::vector<Timestamp> timestamp;
};

View::State::State(std::shared_ptr<const Index> viewed, ViewOrder wanted, const std::vector<Run>& runs)
    : index(std::move(viewed)), order(wanted) {
  first_position.reserve(runs.size() + 1);
  first_key.reserve(runs.size());
  timestamp.reserve(runs.size());
  for (const Run& run : runs) {
    first_position.push_back(size);
    first_key.push_back(run.first_key);
    timestamp.push_back(run.timestamp);
    size += run.count;
  }
  first_position.push_back(size);
}

void View::State::check_range(std::uint64_t first, std::uint64_t count) const {
  if (first > size || count > size - first) {
    throw Error(ErrorKind::kInvalidArgument, core::grouped(count) + " positions from " + core::grouped(first) +
                                                 " go beyond the end of a view of " + core::grouped(size) + " samples");
  }
}

template <typename Action>
void View::State::for_each_run(std::uint64_t first, std::uint64_t count, Action action) const {
  check_range(first, count);
  if (count == 0) return;
  std::uint64_t done = 0;
  for (std::size_t run = run_of(first); done < count; ++run) {
    const std::uint64_t within = first + done - first_position[run];
    const std::uint64_t part = std::min(count - done, end_of(run) - first - done);
    action(run, within, done, part);
    done += part;
  }
}

std::shared_ptr<const View> View::build(std::shared_ptr<const Index> index, ViewOrder order) {
  const auto runs = order == ViewOrder::kTime ? runs_by_time(index->state()) : runs_by_key(index->state());
  return std::shared_ptr<const View>(new View(std::make_unique<State>(std::move(index), order, runs)));
}

View::View(std::unique_ptr<State> state) : state_(std::move(state)) {}
View::~View() = default;

const std::shared_ptr<const Index>& View::index() const noexcept { return state_->index; }

ViewOrder View::order() const noexcept { return state_->order; }

std::uint64_t View::size() const noexcept { return state_->size; }

void View::keys(std::uint64_t first, std::span<Key> out) const {
  state_->for_each_run(first, out.size(), [&](std::size_t run, auto within, auto at, auto count) {
    const auto part = out.subspan(at, count);
    std::iota(part.begin(), part.end(), state_->first_key[run] + static_cast<Key>(within));
  });
}

void View::timestamps(std::uint64_t first, std::span<Timestamp> out) const {
  state_->for_each_run(first, out.size(), [&](std::size_t run, auto, auto at, auto count) {
    std::ranges::fill(out.subspan(at, count), state_->timestamp[run]);
  });
}

void View::labels(std::uint64_t first, std::span<std::int64_t> out) const {
  state_->for_each_run(first, out.size(), [&](std::size_t run, auto within, auto at, auto count) {
    state_->index->label_range(state_->first_key[run] + static_cast<Key>(within), out.subspan(at, count));
  });
}

void View::keys_at(std::span<const std::uint64_t> positions, std::span<Key> out) const {
  if (positions.size() != out.size()) {
    throw Error(ErrorKind::kInvalidArgument, "room for " + core::grouped(std::uint64_t{out.size()}) +
                                                 " keys, needed for " + core::grouped(std::uint64_t{positions.size()}) +
                                                 " positions");
  }
  std::size_t run = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::uint64_t position = positions[i];
    state_->check_range(position, 1);
    // The last run serves again if it can: what is asked for together often lies together.
    if (position < state_->first_position[run] || position >= state_->end_of(run)) run = state_->run_of(position);
    out[i] = state_->first_key[run] + static_cast<Key>(position - state_->first_position[run]);
  }
}

std::uint64_t View::position_of_time(Timestamp timestamp) const {
  if (state_->order != ViewOrder::kTime) {
    throw Error(ErrorKind::kInvalidArgument, "only a view in the order of time has positions of times");
  }
  const auto run = std::ranges::lower_bound(state_->timestamp, timestamp);
  return state_->first_position[static_cast<std::size_t>(run - state_->timestamp.begin())];
}

}  // namespace modyn

#include "modyn/query.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "index/index_state.hpp"
#include "index/label_counter.hpp"
#include "index/order_builder.hpp"
#include "index/stretches.hpp"

namespace modyn {
namespace {

index::Window window_of(const Index& index, const Query& query) {
  const Index::State& state = index.state();
  index::Window window{.start = query.start, .end = query.end};
  if (query.since > 0) window.first_key = state.first_key_after(query.since);
  if (query.until) window.end_key = state.first_key_after(*query.until);
  return window;
}

}  // namespace

struct Samples::State {
  std::shared_ptr<const index::Order> order;
  std::uint64_t first;
  std::uint64_t size;

  [[nodiscard]] std::uint64_t position(std::uint64_t at, std::uint64_t count) const {
    index::Order::check_range(at, count, size);
    return first + at;
  }
};

std::shared_ptr<const Samples> Samples::select(std::shared_ptr<const Index> index, const Query& query) {
  const index::Window window = window_of(*index, query);
  const auto make = [](std::shared_ptr<const index::Order> order, std::uint64_t first, std::uint64_t size) {
    return std::shared_ptr<const Samples>(new Samples(std::make_unique<State>(State{std::move(order), first, size})));
  };
  if (query.order == ViewOrder::kSequence) {
    auto order = index::order_by_key(std::move(index), window);
    const std::uint64_t size = order->size();
    return make(std::move(order), 0, size);
  }
  const bool of_all_keys = window.first_key == 0 && window.end_key >= index->summary().next_key;
  auto order = of_all_keys ? index::find_stored_order(index) : nullptr;
  if (order != nullptr) {
    const std::uint64_t first = query.start ? order->position_of_time(*query.start) : 0;
    const std::uint64_t end = query.end ? order->position_of_time(*query.end) : order->size();
    return make(std::move(order), first, std::max(first, end) - first);
  }
  order = index::order_by_time(std::move(index), window);
  const std::uint64_t size = order->size();
  return make(std::move(order), 0, size);
}

Samples::Samples(std::unique_ptr<State> state) : state_(std::move(state)) {}
Samples::~Samples() = default;

const std::shared_ptr<const Index>& Samples::index() const noexcept { return state_->order->index(); }

ViewOrder Samples::order() const noexcept { return state_->order->by(); }

std::uint64_t Samples::size() const noexcept { return state_->size; }

void Samples::keys(std::uint64_t first, std::span<Key> out) const {
  state_->order->keys(state_->position(first, out.size()), out);
}

void Samples::timestamps(std::uint64_t first, std::span<Timestamp> out) const {
  state_->order->timestamps(state_->position(first, out.size()), out);
}

void Samples::labels(std::uint64_t first, std::span<std::int64_t> out) const {
  state_->order->labels(state_->position(first, out.size()), out);
}

std::shared_ptr<const Samples> Samples::slice(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t position = state_->position(first, count);
  return std::shared_ptr<const Samples>(new Samples(std::make_unique<State>(State{state_->order, position, count})));
}

std::shared_ptr<const Samples> Samples::share(std::uint64_t worker, std::uint64_t workers) const {
  if (worker >= workers) {
    throw Error(ErrorKind::kInvalidArgument, "there is no worker " + std::to_string(worker) + " of " +
                                                 std::to_string(workers) + "; they are counted from 0");
  }
  const std::uint64_t each = size() / workers;
  const std::uint64_t more = size() % workers;
  return slice(worker * each + std::min(worker, more), each + (worker < more ? 1 : 0));
}

std::uint64_t count_samples(const Index& index, std::optional<Timestamp> start, std::optional<Timestamp> end) {
  if (!start && !end) return index.summary().samples;
  std::uint64_t samples = 0;
  index::for_each_stretch(index.state(), {.start = start, .end = end}, index::Cut::kNothing,
                          [&](Key, std::uint64_t count, Timestamp) { samples += count; });
  return samples;
}

LabelCounts count_labels(const Index& index, std::optional<Timestamp> start, std::optional<Timestamp> end) {
  index::LabelCounter counter;
  index::for_each_stretch(index.state(), {.start = start, .end = end}, index::Cut::kNothing,
                          [&](Key first, std::uint64_t count, Timestamp) {
                            const index::Segment& segment = *index.state().find(first);
                            counter.add(segment.labels(), segment.row_of(first), count);
                          });
  return counter.counts();
}

}  // namespace modyn

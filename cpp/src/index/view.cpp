#include <algorithm>

#include "core/message.hpp"
#include "index/order_builder.hpp"
#include "modyn/index.hpp"

namespace modyn {
namespace {

void check_length(std::size_t first, std::size_t second, std::string_view what) {
  if (first != second) {
    throw Error(ErrorKind::kInvalidArgument, "room for " + core::grouped(std::uint64_t{second}) + " " +
                                                 std::string(what) + ", needed for " +
                                                 core::grouped(std::uint64_t{first}));
  }
}

}  // namespace

struct View::State {
  std::shared_ptr<const index::Order> order;
};

std::shared_ptr<const View> View::build(std::shared_ptr<const Index> index, ViewOrder order) {
  auto built = order == ViewOrder::kTime ? index::stored_order_by_time(std::move(index))
                                         : index::order_by_key(std::move(index), {});
  return std::shared_ptr<const View>(new View(std::make_unique<State>(State{std::move(built)})));
}

View::View(std::unique_ptr<State> state) : state_(std::move(state)) {}
View::~View() = default;

const std::shared_ptr<const Index>& View::index() const noexcept { return state_->order->index(); }

ViewOrder View::order() const noexcept { return state_->order->by(); }

std::uint64_t View::size() const noexcept { return state_->order->size(); }

void View::keys(std::uint64_t first, std::span<Key> out) const {
  index::Order::check_range(first, out.size(), size());
  state_->order->keys(first, out);
}

void View::timestamps(std::uint64_t first, std::span<Timestamp> out) const {
  index::Order::check_range(first, out.size(), size());
  state_->order->timestamps(first, out);
}

void View::labels(std::uint64_t first, std::span<std::int64_t> out) const {
  index::Order::check_range(first, out.size(), size());
  state_->order->labels(first, out);
}

void View::read(std::uint64_t first, std::span<Key> keys, std::span<Timestamp> timestamps,
                std::span<std::int64_t> labels) const {
  check_length(keys.size(), timestamps.size(), "timestamps");
  check_length(keys.size(), labels.size(), "labels");
  index::Order::check_range(first, keys.size(), size());
  state_->order->keys(first, keys);
  state_->order->timestamps(first, timestamps);
  state_->order->labels(first, labels);
}

void View::keys_at(std::span<const std::uint64_t> positions, std::span<Key> out) const {
  check_length(positions.size(), out.size(), "keys");
  state_->order->keys_at(positions, out);
}

std::uint64_t View::position_of_time(Timestamp timestamp) const {
  if (order() != ViewOrder::kTime) {
    throw Error(ErrorKind::kInvalidArgument, "only a view in the order of time has positions of times");
  }
  return state_->order->position_of_time(timestamp);
}

}  // namespace modyn

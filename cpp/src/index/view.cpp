#include <algorithm>

#include "core/message.hpp"
#include "core/thread_pool.hpp"
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

// Positions that a thread takes at a time: those of one batch of a training are not worth a second thread.
constexpr std::size_t kPiece = 16'384;

// Calls work(first, count) for all of [0, count), by several threads if they are many.
template <typename Work>
void for_each_piece(std::size_t count, Work work) {
  const std::size_t pieces = std::max<std::size_t>(1, count / kPiece);
  const auto begin_of = [&](std::size_t piece) { return piece == pieces ? count : piece * kPiece; };
  if (pieces == 1) return work(std::size_t{0}, count);
  core::ThreadPool::shared().for_each(
      pieces, 0, [&](std::size_t piece) { work(begin_of(piece), begin_of(piece + 1) - begin_of(piece)); });
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
  for_each_piece(out.size(),
                 [&](std::size_t at, std::size_t count) { state_->order->keys(first + at, out.subspan(at, count)); });
}

void View::timestamps(std::uint64_t first, std::span<Timestamp> out) const {
  index::Order::check_range(first, out.size(), size());
  for_each_piece(out.size(), [&](std::size_t at, std::size_t count) {
    state_->order->timestamps(first + at, out.subspan(at, count));
  });
}

void View::labels(std::uint64_t first, std::span<std::int64_t> out) const {
  index::Order::check_range(first, out.size(), size());
  for_each_piece(out.size(),
                 [&](std::size_t at, std::size_t count) { state_->order->labels(first + at, out.subspan(at, count)); });
}

void View::read(std::uint64_t first, std::span<Key> keys, std::span<Timestamp> timestamps,
                std::span<std::int64_t> labels) const {
  check_length(keys.size(), timestamps.size(), "timestamps");
  check_length(keys.size(), labels.size(), "labels");
  index::Order::check_range(first, keys.size(), size());
  for_each_piece(keys.size(), [&](std::size_t at, std::size_t count) {
    state_->order->keys(first + at, keys.subspan(at, count));
    state_->order->timestamps(first + at, timestamps.subspan(at, count));
    state_->order->labels(first + at, labels.subspan(at, count));
  });
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

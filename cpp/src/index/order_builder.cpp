#include "index/order_builder.hpp"

#include <system_error>
#include <vector>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/time_sort.hpp"

namespace modyn::index {
namespace {

TimeSort sorted_stretches(const Index::State& state, const Window& window) {
  TimeSort sort;
  for_each_stretch(state, window, Cut::kTimestamp,
                   [&](Key key, std::uint64_t count, Timestamp time) { sort.add(key, count, time); });
  sort.sort();
  return sort;
}

std::shared_ptr<const Order> in_memory(std::shared_ptr<const Index> index, const TimeSort& sort) {
  const Order::RunSource runs = [&sort](const auto& action) { sort.for_each_run(action); };
  return std::make_shared<const Order>(std::move(index), ViewOrder::kTime, sort.size(), runs);
}

std::filesystem::path file_of(const Index& index) { return view_file(index.state().dataset, index.summary().manifest); }

}  // namespace

std::shared_ptr<const Order> order_by_key(std::shared_ptr<const Index> index, const Window& window) {
  std::vector<Run> runs;
  std::uint64_t size = 0;
  Key next = -1;
  for_each_stretch(index->state(), window, Cut::kNothing, [&](Key key, std::uint64_t count, Timestamp) {
    if (key != next) runs.push_back({static_cast<std::int64_t>(size), key, 0, 0});
    next = key + static_cast<Key>(count);
    size += count;
  });
  const Order::RunSource source = [&runs](const auto& action) {
    for (const Run& run : runs) action(run);
  };
  return std::make_shared<const Order>(std::move(index), ViewOrder::kSequence, size, source);
}

std::shared_ptr<const Order> order_by_time(std::shared_ptr<const Index> index, const Window& window) {
  const TimeSort sort = sorted_stretches(index->state(), window);
  return in_memory(std::move(index), sort);
}

std::shared_ptr<const Order> find_stored_order(const std::shared_ptr<const Index>& index) {
  std::error_code error;
  const auto path = file_of(*index);
  if (!std::filesystem::exists(path, error)) return nullptr;
  return std::make_shared<const Order>(index, path);
}

std::shared_ptr<const Order> stored_order_by_time(std::shared_ptr<const Index> index, std::uint64_t max_runs) {
  // Whoever has so few samples has written none.
  if (index->summary().samples <= max_runs) return order_by_time(std::move(index), {});
  if (auto stored = find_stored_order(index)) return stored;
  const TimeSort sort = sorted_stretches(index->state(), {});
  std::uint64_t count = 0;
  sort.for_each_run([&](const Run&) { ++count; });
  if (count <= max_runs) return in_memory(std::move(index), sort);
  const auto path = file_of(*index);
  try {
    core::create_folders(path.parent_path());
    Order::write(*index, path, sort.size(), [&sort](const auto& action) { sort.for_each_run(action); });
  } catch (const Error& error) {
    // Another process may have written the same; and who may not write here, or found no room, needs no file.
    if (error.kind() != ErrorKind::kConflict && error.kind() != ErrorKind::kIo) throw;
  }
  if (auto stored = find_stored_order(index)) return stored;
  return in_memory(std::move(index), sort);
}

}  // namespace modyn::index

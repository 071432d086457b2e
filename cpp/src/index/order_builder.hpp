// Which samples, in which order: makes the orders that views and queries read.
#pragma once

#include <cstdint>
#include <memory>

#include "index/order.hpp"
#include "index/stretches.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// More runs than this are written to a file of the dataset, if the order is the one of all samples by time.
inline constexpr std::uint64_t kMaxRunsInMemory = std::uint64_t{1} << 20;

[[nodiscard]] std::shared_ptr<const Order> order_by_key(std::shared_ptr<const Index> index, const Window& window);
[[nodiscard]] std::shared_ptr<const Order> order_by_time(std::shared_ptr<const Index> index, const Window& window);

// Of all samples. Reads the view file if there is one; writes it if there are more runs than `max_runs`, and
// keeps them in memory if it may not write.
[[nodiscard]] std::shared_ptr<const Order> stored_order_by_time(std::shared_ptr<const Index> index,
                                                                std::uint64_t max_runs = kMaxRunsInMemory);
// Only if there is a view file.
[[nodiscard]] std::shared_ptr<const Order> find_stored_order(const std::shared_ptr<const Index>& index);

}  // namespace modyn::index

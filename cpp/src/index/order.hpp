// An order of samples of one index, as runs of consecutive keys at consecutive positions.
//
// Samples that were committed in the order asked for are one run however many they are. Runs lie in memory, or, if
// there are many, in a view file that all processes map.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "index/locator.hpp"
#include "modyn/column_file.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// Samples at consecutive positions whose keys are consecutive.
struct Run {
  std::int64_t first_position;
  Key first_key;
  Timestamp timestamp;  // of the first one
  std::uint8_t flat;    // 1 if all have that timestamp
};

// Numbers in memory or in a column, one interface for both.
template <typename T>
class Numbers {
 public:
  Numbers() = default;
  explicit Numbers(std::vector<T> values) : values_(std::move(values)) {}
  explicit Numbers(const Column<T>& column) : column_(column), in_file_(true) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return in_file_ ? column_.size() : values_.size(); }
  [[nodiscard]] T operator[](std::uint64_t at) const { return in_file_ ? column_[at] : values_[at]; }
  [[nodiscard]] std::span<const T> read(std::uint64_t first, std::uint64_t count) const {
    return in_file_ ? column_.read(first, count) : std::span(values_).subspan(first, count);
  }

 private:
  std::vector<T> values_;
  Column<T> column_;
  bool in_file_ = false;
};

class Order {
 public:
  // Calls its argument with each run, in the order of positions.
  using RunSource = std::function<void(const std::function<void(const Run&)>&)>;

  // In memory.
  Order(std::shared_ptr<const Index> index, ViewOrder by, std::uint64_t size, const RunSource& runs);
  // From a view file. kCorrupt if it breaks the rules or belongs to another manifest.
  Order(std::shared_ptr<const Index> index, const std::filesystem::path& view_file);
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

  // Writes a view file in the order of time, durable when it returns. kConflict if there is one.
  static void write(const Index& index, const std::filesystem::path& path, std::uint64_t size, const RunSource& runs);

  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept { return index_; }
  [[nodiscard]] ViewOrder by() const noexcept { return by_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t runs() const noexcept { return first_key_.size(); }

  // Columns of positions [first, first + out.size()), which must exist.
  void keys(std::uint64_t first, std::span<Key> out) const;
  void timestamps(std::uint64_t first, std::span<Timestamp> out) const;
  void labels(std::uint64_t first, std::span<std::int64_t> out) const;
  // Keys of any positions, which must exist.
  void keys_at(std::span<const std::uint64_t> positions, std::span<Key> out) const;
  // The number of samples with a smaller timestamp. Only in the order of time.
  [[nodiscard]] std::uint64_t position_of_time(Timestamp timestamp) const;

  // kInvalidArgument if [first, first + count) does not lie within `size` positions.
  static void check_range(std::uint64_t first, std::uint64_t count, std::uint64_t size);

  // Checks all of a view file, and that its runs are those of the index in order.
  void verify() const;

 private:
  struct Part;
  template <typename Action>
  void for_each_part(std::uint64_t first, std::uint64_t count, Action action) const;
  void check_keys(Key first, std::uint64_t count) const;
  [[noreturn]] void throw_unordered() const;
  [[nodiscard]] std::uint64_t run_of(std::uint64_t position) const;
  [[nodiscard]] std::uint64_t end_of(std::uint64_t run) const;
  [[nodiscard]] const Bounds& bounds() const;
  void join(std::span<const std::int64_t> positions, std::span<const Key> keys) const;

  std::shared_ptr<const Index> index_;
  ViewOrder by_;
  std::uint64_t size_;
  std::shared_ptr<const ColumnFile> file_;
  Numbers<std::int64_t> first_position_;
  Numbers<Key> first_key_;
  Numbers<Timestamp> timestamp_;  // none in the order of keys
  Numbers<std::uint8_t> flat_;    // none in the order of keys
  mutable std::once_flag bounds_once_;
  // Where runs begin and with which key, those that continue each other joined if they are in memory.
  mutable Bounds bounds_;
  mutable std::span<const Key> joined_key_;
  mutable std::vector<std::int64_t> joined_positions_;
  mutable std::vector<Key> joined_keys_;
};

}  // namespace modyn::index

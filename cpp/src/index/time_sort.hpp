// Stretches of samples in the order of (timestamp, key).
#pragma once

#include <cstdint>
#include <vector>

#include "index/order.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// Takes 16 bytes for each stretch, and 16 more while it sorts. The time is linear in their number.
class TimeSort {
 public:
  // By ascending key.
  void add(Key first_key, std::uint64_t count, Timestamp timestamp);
  void sort();

  // Of samples.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // After sort(): the joined runs.
  void for_each_run(const std::function<void(const Run&)>& action) const;

 private:
  struct Stretch {
    Key first_key;
    std::uint64_t count;
  };
  void radix_sort(unsigned low_bit, unsigned end_bit);

  std::uint64_t size_ = 0;
  Timestamp earliest_ = 0;
  Timestamp latest_ = 0;
  Timestamp last_added_ = 0;
  bool ascending_ = true;
  std::vector<Stretch> stretches_;
  std::vector<Timestamp> times_;      // of the stretches, until they are sorted; and after, if words cannot hold both
  std::vector<std::uint64_t> words_;  // number of the stretch, below the seconds since the earliest
  unsigned number_bits_ = 0;
};

}  // namespace modyn::index

// What one thread of a fetch does at a time: consecutive keys of the order, resolved and copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fetch/copy_plan.hpp"
#include "fetch/key_order.hpp"
#include "fetch/source_files.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

// Reused between fetches for its memory.
class Part {
 public:
  // Looks up `count` keys of the order, from its element `first` on.
  void resolve(const Index& index, const KeyOrder& order, std::size_t first, std::size_t count);

  // labels[slot] = label, for each key.
  void give_labels(std::span<std::int64_t> labels) const;

  // Copies all records, then compares each file that they came from with what was ingested. Slots
  // count from `first_slot` in the outputs of the plan.
  void copy(const FixedRecordFormat& format, SourceFiles& files, const CopyPlan& plan, std::size_t first_slot);

 private:
  [[nodiscard]] std::size_t open_window(std::size_t begin, const FixedRecordFormat& format, SourceFiles& files);
  void copy_window(std::span<const Entry> window, const CopyPlan& plan, std::size_t first_slot) const;

  std::vector<Key> keys_;
  std::vector<Location> locations_;
  std::vector<std::int64_t> labels_;
  std::vector<Entry> entries_;
  // The files that are held open at a time, in the order of the keys.
  std::vector<std::uint32_t> files_;
  std::vector<std::shared_ptr<const SourceMap>> maps_;
};

}  // namespace modyn::fetch

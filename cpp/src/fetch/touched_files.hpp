// The files that one thread of a fetch has copied from: held open, and compared with the index at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fetch/open_source.hpp"

namespace modyn::fetch {

// A hash table from file numbers to files. Reused between fetches for its memory.
class TouchedFiles {
 public:
  // Before the first add(): room for `most` files.
  void prepare(std::size_t most);

  // The file, or nullptr if it was not added.
  [[nodiscard]] const OpenSource* find(std::uint32_t file) const noexcept { return slot(file).source; }
  // The map of the file and its length; nullptr if it was not added or is not mapped.
  struct Map {
    const std::byte* bytes;
    std::uint64_t size;
  };
  [[nodiscard]] Map map(std::uint32_t file) const noexcept {
    const Slot& found = slot(file);
    return {found.map, found.size};
  }
  [[nodiscard]] bool full() const noexcept { return held_.size() >= most_; }
  // A file that is not there yet. Not if full().
  const OpenSource* add(std::uint32_t file, std::shared_ptr<const OpenSource> source);

  struct Held {
    std::uint32_t file;
    std::shared_ptr<const OpenSource> source;
  };
  [[nodiscard]] const std::vector<Held>& held() const noexcept { return held_; }

  // Checks that all of them are unchanged; kSourceChanged.
  void check() const;
  void clear() noexcept;

 private:
  // What is asked of a file for every sample lies here.
  struct Slot {
    const OpenSource* source = nullptr;
    const std::byte* map = nullptr;
    std::uint64_t size = 0;
    std::uint32_t file = 0;
  };

  [[nodiscard]] const Slot& slot(std::uint32_t file) const noexcept {
    const Slot& first = slots_[place_of(file)];
    return first.file == file || first.source == nullptr ? first : further_slot(file);
  }
  // Multiplicative hashing: the upper bits of the product depend on all bits of the number.
  [[nodiscard]] std::size_t place_of(std::uint32_t file) const noexcept {
    return (file * std::uint32_t{0x9E3779B1}) >> shift_;
  }
  [[nodiscard]] const Slot& further_slot(std::uint32_t file) const noexcept;
  void insert(std::uint32_t file, const OpenSource* source) noexcept;
  void grow();

  std::size_t most_ = 1;
  unsigned shift_ = 32 - kMinBits;
  static constexpr unsigned kMinBits = 6;
  std::vector<Slot> slots_ = std::vector<Slot>(std::size_t{1} << kMinBits);
  std::vector<Held> held_;
};

}  // namespace modyn::fetch

// The source files of an index that are open: a bounded number, the least recently used closed first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "fetch/source_map.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

class SourceFiles {
 public:
  // Keeps at most `max_open` files open, fewer where the process may not have that many: at most
  // half of its limit on descriptors. Files in use stay open until they are released.
  SourceFiles(std::shared_ptr<const Index> index, std::filesystem::path root, std::size_t max_open);

  [[nodiscard]] std::size_t max_open() const noexcept { return max_open_; }

  // The maps of `files`, opened where need be, in `out`. Thread-safe.
  void acquire(std::span<const std::uint32_t> files, std::vector<std::shared_ptr<const SourceMap>>& out);

 private:
  using Recency = std::list<std::uint32_t>;  // most recently used first
  struct Slot {
    std::shared_ptr<const SourceMap> map;
    Recency::iterator place;
  };

  [[nodiscard]] std::shared_ptr<const SourceMap> find(std::uint32_t file);
  [[nodiscard]] std::shared_ptr<const SourceMap> open(std::uint32_t file) const;
  [[nodiscard]] std::shared_ptr<const SourceMap> insert(std::uint32_t file, std::shared_ptr<const SourceMap> map);

  std::shared_ptr<const Index> index_;
  std::filesystem::path root_;
  std::size_t max_open_;
  std::mutex mutex_;
  Recency recency_;
  std::unordered_map<std::uint32_t, Slot> slots_;
};

}  // namespace modyn::fetch

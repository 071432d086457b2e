// The source files of an index that are open: a bounded number, the least recently used closed first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "fetch/open_source.hpp"
#include "modyn/fetch.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

class SourceFiles {
 public:
  // Keeps at most `max_open` files open, fewer where the process may not have that many: at most
  // half of its limit on descriptors. Files in use stay open until they are released.
  SourceFiles(std::shared_ptr<const Index> index, std::filesystem::path root, std::size_t max_open, Access access);

  [[nodiscard]] std::size_t max_open() const noexcept { return max_open_; }
  [[nodiscard]] Access access() const noexcept { return access_; }
  [[nodiscard]] const Index& index() const noexcept { return *index_; }

  // What the index knows about a file, and where the file is: owned ones in the dataset's folder, others below the
  // root.
  struct Found {
    SourceFile source;
    std::filesystem::path path;
  };
  [[nodiscard]] Found describe(std::uint32_t file) const;

  // The file if it is open, else nullptr. Thread-safe.
  [[nodiscard]] std::shared_ptr<const OpenSource> find(std::uint32_t file);
  // Opens a file that find() did not find. Thread-safe. Errors of OpenSource.
  [[nodiscard]] std::shared_ptr<const OpenSource> open(std::uint32_t file, Found found);

 private:
  using Recency = std::list<std::uint32_t>;  // most recently used first
  struct Slot {
    std::shared_ptr<const OpenSource> source;
    Recency::iterator place;
  };

  [[nodiscard]] std::shared_ptr<const OpenSource> find_locked(std::uint32_t file);
  void make_room();

  std::shared_ptr<const Index> index_;
  std::filesystem::path root_;
  std::filesystem::path dataset_;
  std::size_t max_open_;
  Access access_;
  std::mutex mutex_;
  Recency recency_;
  std::unordered_map<std::uint32_t, Slot> slots_;
};

}  // namespace modyn::fetch

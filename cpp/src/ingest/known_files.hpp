// The files that the index knows, by path: what a scan compares every file that it finds with.
//
// A hash table of 5 bytes a slot over the paths that lie in the segments' maps, so that 40 million
// files take some hundred megabytes, and most files of a rescan cost one look-up and no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "modyn/index.hpp"

namespace modyn::ingest {

class KnownFiles {
 public:
  // A folder of which several files are looked up.
  struct Folder {
    explicit Folder(std::string_view folder_path);
    std::string_view path;  // relative to the root; "" for the root
    std::uint64_t hash;
  };

  // Borrows the index. Files of ours are left out, and of several files with one path all but the last.
  explicit KnownFiles(const Index& index);

  // The number of the live file with this name.
  [[nodiscard]] std::optional<std::uint32_t> find(const Folder& folder, std::string_view name) const;
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view path) const;

  // Whether the index knows the file in just this state. Remembers that it was seen. Thread-safe.
  [[nodiscard]] bool is_unchanged(const Folder& folder, std::string_view name, const core::FileStatus& status,
                                  std::uint64_t companion);

  void mark_seen(std::uint32_t file) { states_[file] = State::kSeen; }
  // Numbers of live files that were not marked, in ascending order.
  [[nodiscard]] std::vector<std::uint32_t> unseen() const;

 private:
  enum class State : std::uint8_t { kNotLive, kUnseen, kSeen };

  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const noexcept { return hash & mask_; }
  [[nodiscard]] bool has_path(std::uint32_t file, std::string_view folder, std::string_view name) const;
  void insert(std::uint32_t file, std::uint64_t hash, std::string_view folder, std::string_view name);

  const Index& index_;
  std::uint64_t mask_ = 0;
  std::vector<std::uint32_t> slots_;  // a file's number plus one, 0 if free
  std::vector<std::uint8_t> tags_;    // the highest bits of the hash
  std::vector<State> states_;
};

}  // namespace modyn::ingest

// What one thread of a fetch does: looks up places, holds their files open, and copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/sigbus_guard.hpp"
#include "fetch/copy.hpp"
#include "fetch/request.hpp"
#include "fetch/source_files.hpp"
#include "fetch/touched_files.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

// Some keys of a request, and their slots in it, counted from `first_slot`; no slots: 0, 1, 2, ...
struct Part {
  std::span<const Key> keys;
  std::span<const std::uint32_t> slots;
  std::size_t first_slot;
};

// Reused between fetches for its memory.
class Gatherer {
 public:
  // Before the first part of a fetch. Holds at most `most_files` files open at a time.
  void begin(SourceFiles& files, std::size_t most_files);

  // Copies the samples and labels of a part, on the thread that the guard is for. Their bytes count only when the
  // files are checked as well.
  void gather(const Request& request, const Part& part, const core::SigbusGuard& guard);

  // The files that were copied from and not yet checked.
  [[nodiscard]] const TouchedFiles& touched() const noexcept { return touched_; }
  void release() noexcept { touched_.clear(); }

 private:
  struct Task;
  void give_labels(const Task& task);
  [[nodiscard]] std::size_t collect_records(const Task& task, std::size_t first);
  [[nodiscard]] std::size_t collect(const Task& task, std::size_t first, bool& labels_inside);
  [[nodiscard]] const OpenSource* open(const Task& task, std::size_t at);
  [[nodiscard]] std::size_t stage(const OpenSource& source, const Task& task, std::size_t first);
  void read_directly(const Task& task, std::size_t at, const OpenSource& source) const;
  void copy(const Task& task) const;
  void check_place(const Task& task, std::size_t at, std::uint64_t bytes_of_file) const;
  [[noreturn]] void throw_misplaced(const Task& task, std::size_t at, std::uint64_t bytes_of_file) const;
  [[noreturn]] void throw_unreadable(const Task& task, const Entry& entry) const;
  void add_entry(const Task& task, std::size_t at, const std::byte* bytes);

  SourceFiles* files_ = nullptr;
  TouchedFiles touched_;
  std::vector<Place> places_;
  std::vector<std::int64_t> labels_;
  // Of samples that are about to be copied: the first `collected_`.
  std::vector<Entry> entries_;
  std::size_t collected_ = 0;
  // Bytes that were read rather than mapped.
  std::vector<std::byte> staging_;
  std::size_t staged_ = 0;
};

}  // namespace modyn::fetch

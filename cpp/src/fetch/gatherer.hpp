// What one thread of a fetch does: looks up places, holds their files open, and copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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

  // Copies the samples and labels of a part. Their bytes count only when the files are checked as well.
  void gather(const Request& request, const Part& part);

  // The files that were copied from and not yet checked.
  [[nodiscard]] const TouchedFiles& touched() const noexcept { return touched_; }
  void release() noexcept { touched_.clear(); }

 private:
  void give_labels(const Request& request, const Part& part);
  [[nodiscard]] std::size_t collect(const Request& request, const Part& part, std::size_t first);
  [[nodiscard]] const OpenSource* open(const Request& request, const Part& part, std::size_t at);
  [[nodiscard]] std::size_t stage(const OpenSource& source, const Request& request, const Part& part,
                                  std::size_t first);
  void read_directly(const Request& request, const Part& part, std::size_t at, const OpenSource& source);
  void copy(const Request& request, const Part& part);
  [[noreturn]] void throw_unreadable(const Part& part, const Entry& entry) const;
  void check_place(const Request& request, const Part& part, std::size_t at, std::uint64_t bytes_of_file) const;
  [[nodiscard]] static std::uint32_t slot(const Part& part, std::size_t at) noexcept {
    return part.slots.empty() ? static_cast<std::uint32_t>(at) : part.slots[at];
  }
  void add_entry(const std::byte* bytes, const Part& part, std::size_t at);

  SourceFiles* files_ = nullptr;
  TouchedFiles touched_;
  std::vector<Place> places_;
  std::vector<std::int64_t> labels_;
  std::vector<Entry> entries_;
  // Bytes that were read rather than mapped.
  std::vector<std::byte> staging_;
  std::size_t staged_ = 0;
};

}  // namespace modyn::fetch

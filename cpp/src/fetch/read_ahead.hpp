// Tells the operating system what will be read, and finds out whether that is needed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fetch/source_files.hpp"
#include "fetch/touched_files.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

// What a fetch has to expect of the samples that it is asked for.
struct Outlook {
  // Some of the bytes are not in the page cache: they are read in the order of their places, and announced ahead.
  bool from_disk = false;
  // Threads will wait for files one by one, so many of them should: opening files and reading cannot be announced.
  bool waits = false;
};

// Reused between fetches for its memory.
class ReadAhead {
 public:
  // Before the others. Holds at most `most_files` files open at a time.
  void begin(SourceFiles& files, std::size_t most_files);

  // Looks at a few samples among `keys`, which costs microseconds. kUnknownKey, kSourceChanged, kIo.
  [[nodiscard]] Outlook look(std::span<const Key> keys);

  // Announces the samples of ascending keys; neighbours together. Errors as above.
  void advise(std::span<const Key> keys);

  void release() noexcept { held_.clear(); }

 private:
  void advise_range(const Place& place, std::uint64_t length);
  // The file of a place, opened if need be; nullptr if the sample at this place is the whole file.
  [[nodiscard]] const OpenSource* find(const Place& place);

  SourceFiles* files_ = nullptr;
  TouchedFiles held_;
  std::vector<Key> keys_;
  std::vector<Place> places_;
};

}  // namespace modyn::fetch

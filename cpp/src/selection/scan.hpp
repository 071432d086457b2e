// Goes through a window by all threads, in pieces that stay in the nearest caches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/thread_pool.hpp"
#include "modyn/sequence.hpp"
#include "partition/position_set.hpp"

namespace modyn::selection {

// Samples at a time: their columns take a few hundred kB.
inline constexpr std::size_t kPiece = 8192;
// What a thread does at a time: whole blocks of a set of positions.
inline constexpr std::uint64_t kChunk = 16 * partition::PositionSet::kBlock;

inline std::size_t chunks_of(const Sequence& window) {
  return static_cast<std::size_t>((window.size() + kChunk - 1) / kChunk);
}

// The columns of a piece.
struct Piece {
  std::uint64_t first;  // its first sample
  std::span<const Key> keys;
  std::span<const std::int64_t> labels;  // empty if not wanted
};

// Memory of one thread for the columns of a piece.
class PieceReader {
 public:
  PieceReader(const Sequence& window, bool wants_labels)
      : window_(window), keys_(kPiece), labels_(wants_labels ? kPiece : 0) {}

  [[nodiscard]] Piece read(std::uint64_t first, std::size_t count) {
    const auto keys = std::span(keys_).first(count);
    const auto labels = std::span(labels_).first(labels_.empty() ? 0 : count);
    window_.read(first, count, {.keys = keys, .labels = labels});
    return {first, keys, labels};
  }

 private:
  const Sequence& window_;
  std::vector<Key> keys_;
  std::vector<std::int64_t> labels_;
};

// Calls work(chunk, first, count) for each chunk of the window, by several threads.
template <typename Work>
void for_each_chunk(const Sequence& window, unsigned threads, Work work) {
  core::ThreadPool::shared().for_each(chunks_of(window), threads, [&](std::size_t chunk) {
    const std::uint64_t first = chunk * kChunk;
    work(chunk, first, static_cast<std::size_t>(std::min(kChunk, window.size() - first)));
  });
}

// Calls work(piece) for each piece of the samples [first, first + count).
template <typename Work>
void for_each_piece(PieceReader& reader, std::uint64_t first, std::size_t count, Work work) {
  for (std::size_t done = 0; done < count; done += kPiece) {
    work(reader.read(first + done, std::min(kPiece, count - done)));
  }
}

}  // namespace modyn::selection

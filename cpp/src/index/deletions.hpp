// Which samples of a segment are deleted: an immutable file in the dataset's folder `deleted`.
//
// Rows (samples counted from the segment's first key) as a bitmap, or as ranges where that is smaller. Deleting
// more writes another file; the manifests before go on naming the old one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "index/manifest.hpp"
#include "modyn/column_file.hpp"

namespace modyn::index {

class Deletions {
 public:
  // Opens what `segment` names. kCorrupt if it is another file, or breaks the rules.
  Deletions(const std::filesystem::path& dataset, const SegmentEntry& segment);

  [[nodiscard]] bool contains(std::uint64_t row) const { return next_deleted(row, row + 1) == row; }
  // How many of rows [first, end).
  [[nodiscard]] std::uint64_t count(std::uint64_t first, std::uint64_t end) const;
  // The first row from `row` on that is deleted, or is not; `end` if there is none before it.
  [[nodiscard]] std::uint64_t next_deleted(std::uint64_t row, std::uint64_t end) const;
  [[nodiscard]] std::uint64_t next_live(std::uint64_t row, std::uint64_t end) const;

  // Calls action(first, end) for each stretch of rows [first, end) that is not deleted.
  template <typename Action>
  void for_each_live(std::uint64_t first, std::uint64_t end, Action action) const {
    for (std::uint64_t row = next_live(first, end); row < end;) {
      const std::uint64_t stop = next_deleted(row, end);
      action(row, stop);
      row = next_live(stop, end);
    }
  }

  // Checks every block, and the number of deleted samples.
  void verify() const;

 private:
  [[nodiscard]] std::size_t range_after(std::uint64_t row) const;
  void check_ranges() const;

  std::uint64_t rows_;
  std::uint64_t deleted_;
  std::shared_ptr<const ColumnFile> file_;
  Column<std::uint64_t> words_;           // a bit for each row, if it is a bitmap
  std::span<const std::uint64_t> first_;  // else ascending ranges [first, end)
  std::span<const std::uint64_t> end_;
};

// A bit for each row of a segment, to be written.
class DeletionBitmap {
 public:
  explicit DeletionBitmap(std::uint64_t rows) : rows_(rows), words_((rows + 63) / 64) {}

  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  [[nodiscard]] bool contains(std::uint64_t row) const { return ((words_[row / 64] >> (row % 64)) & 1U) != 0; }
  // Rows [first, end); returns how many of them were not deleted before.
  std::uint64_t add(std::uint64_t first, std::uint64_t end);
  void add(const Deletions& deletions, std::uint64_t rows, std::uint64_t at);
  [[nodiscard]] std::uint64_t count() const;

  // Writes it, durable when it returns. Name, digest, bytes and samples of the entry are set.
  [[nodiscard]] DeletionEntry publish(const std::filesystem::path& dataset, std::uint64_t manifest,
                                      std::uint64_t epoch) const;

 private:
  std::uint64_t rows_;
  std::vector<std::uint64_t> words_;
};

}  // namespace modyn::index

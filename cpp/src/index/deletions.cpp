#include "index/deletions.hpp"

#include <algorithm>
#include <bit>

#include "core/column_file_layout.hpp"
#include "core/file.hpp"
#include "core/message.hpp"
#include "index/dataset_folder.hpp"

namespace modyn::index {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// Bits [first, end) of a word, end in 1..64.
std::uint64_t mask(std::uint64_t first, std::uint64_t end) { return (kAll << first) & (kAll >> (64 - end)); }

// The first row from `row` on whose bit is set in what word(n) gives; `end` if there is none before it.
template <typename Word>
std::uint64_t next_set(std::uint64_t row, std::uint64_t end, Word word) {
  while (row < end) {
    const std::uint64_t bits = word(row / 64) >> (row % 64);
    if (bits != 0) return std::min(end, row + static_cast<std::uint64_t>(std::countr_zero(bits)));
    row = (row / 64 + 1) * 64;
  }
  return end;
}

}  // namespace

Deletions::Deletions(const std::filesystem::path& dataset, const SegmentEntry& segment)
    : rows_(segment.samples), deleted_(segment.deletions.samples) {
  const auto path = deletion_folder(dataset) / segment.deletions.name;
  file_ = ColumnFile::open(path, FileKind::kDeletions);
  if (file_->digest() != segment.deletions.digest || file_->bytes() != segment.deletions.bytes) {
    core::throw_corrupt(path, "it is not the file that the manifest of dataset " + core::quoted(dataset) + " names");
  }
  const auto rows = file_->read<std::uint64_t>("rows");
  if (rows.size() != 1 || rows[0] != rows_) core::throw_corrupt(path, "it belongs to a segment of another size");
  if (file_->has("bits")) {
    words_ = file_->column<std::uint64_t>("bits");
    if (words_.size() != (rows_ + 63) / 64) core::throw_corrupt(path, "it has not one bit for each sample");
  } else {
    first_ = file_->read<std::uint64_t>("first");
    end_ = file_->read<std::uint64_t>("end");
    check_ranges();
  }
}

void Deletions::check_ranges() const {
  std::uint64_t row = 0;
  std::uint64_t deleted = 0;
  bool fits = first_.size() == end_.size();
  for (std::size_t i = 0; fits && i < first_.size(); ++i) {
    fits = first_[i] >= row && first_[i] < end_[i] && end_[i] <= rows_;
    deleted += end_[i] - first_[i];
    row = end_[i];
  }
  if (!fits || deleted != deleted_)
    core::throw_corrupt(file_->path(), "its ranges contradict each other or the manifest");
}

std::size_t Deletions::range_after(std::uint64_t row) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(end_, row) - end_.begin());
}

std::uint64_t Deletions::next_deleted(std::uint64_t row, std::uint64_t end) const {
  if (words_.size() > 0) return next_set(row, end, [this](std::uint64_t at) { return words_[at]; });
  const std::size_t range = range_after(row);
  return range == first_.size() ? end : std::min(end, std::max(row, first_[range]));
}

std::uint64_t Deletions::next_live(std::uint64_t row, std::uint64_t end) const {
  if (words_.size() > 0) return next_set(row, end, [this](std::uint64_t at) { return ~words_[at]; });
  for (std::size_t range = range_after(row); range < first_.size() && first_[range] <= row; ++range) row = end_[range];
  return std::min(row, end);
}

std::uint64_t Deletions::count(std::uint64_t first, std::uint64_t end) const {
  std::uint64_t live = 0;
  for_each_live(first, end, [&](std::uint64_t from, std::uint64_t to) { live += to - from; });
  return end - first - live;
}

void Deletions::verify() const {
  file_->verify();
  const bool beyond = words_.size() > 0 && rows_ % 64 != 0 && (words_[rows_ / 64] >> (rows_ % 64)) != 0;
  if (beyond || count(0, rows_) != deleted_) {
    core::throw_corrupt(file_->path(), "it has not as many deleted samples as the manifest says");
  }
}

std::uint64_t DeletionBitmap::add(std::uint64_t first, std::uint64_t end) {
  std::uint64_t added = 0;
  while (first < end) {
    const std::uint64_t word = first / 64;
    const std::uint64_t stop = std::min(end, (word + 1) * 64);
    const std::uint64_t bits = mask(first % 64, stop - word * 64) & ~words_[word];
    words_[word] |= bits;
    added += static_cast<std::uint64_t>(std::popcount(bits));
    first = stop;
  }
  return added;
}

void DeletionBitmap::add(const Deletions& deletions, std::uint64_t rows, std::uint64_t at) {
  for (std::uint64_t row = deletions.next_deleted(0, rows); row < rows;) {
    const std::uint64_t stop = deletions.next_live(row, rows);
    add(at + row, at + stop);
    row = deletions.next_deleted(stop, rows);
  }
}

std::uint64_t DeletionBitmap::count() const {
  std::uint64_t count = 0;
  for (const std::uint64_t word : words_) count += static_cast<std::uint64_t>(std::popcount(word));
  return count;
}

DeletionEntry DeletionBitmap::publish(const std::filesystem::path& dataset, std::uint64_t manifest,
                                      std::uint64_t epoch) const {
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> end;
  const auto set = [this](std::uint64_t at) { return words_[at]; };
  const auto unset = [this](std::uint64_t at) { return ~words_[at]; };
  for (std::uint64_t row = next_set(0, rows_, set); row < rows_ && first.size() <= words_.size() / 2;) {
    first.push_back(row);
    end.push_back(next_set(row, rows_, unset));
    row = next_set(end.back(), rows_, set);
  }
  const bool as_ranges = first.size() * 2 < words_.size();

  ColumnFileWriter writer(FileKind::kDeletions);
  writer.add<std::uint64_t>("rows", std::span(&rows_, 1));
  if (as_ranges) {
    writer.add<std::uint64_t>("first", first);
    writer.add<std::uint64_t>("end", end);
  } else {
    writer.add<std::uint64_t>("bits", words_);
  }
  core::create_folders(deletion_folder(dataset));
  DeletionEntry entry;
  entry.name = new_deletion_name(manifest, epoch);
  const auto path = deletion_folder(dataset) / entry.name;
  writer.publish(path);
  const auto written = ColumnFile::open(path, FileKind::kDeletions);
  entry.digest = written->digest();
  entry.bytes = written->bytes();
  entry.samples = count();
  return entry;
}

}  // namespace modyn::index

// Any bytes as the deletions of a segment of a thousand samples; then all that readers and mergers ask of them.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/deletions.hpp"
#include "modyn/error.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"

namespace {

using namespace modyn;

constexpr std::uint64_t kRows = 1000;

// What a manifest would say of the file, so that it is not refused for that alone.
std::uint64_t deleted_samples(const ColumnFile& file) {
  std::uint64_t deleted = 0;
  if (file.has("bits")) {
    for (const std::uint64_t word : file.read<std::uint64_t>("bits")) {
      deleted += static_cast<std::uint64_t>(std::popcount(word));
    }
    return deleted;
  }
  for (const std::uint64_t end : file.read<std::uint64_t>("end")) deleted += end;
  for (const std::uint64_t first : file.read<std::uint64_t>("first")) deleted -= first;
  return deleted;
}

void ask(const index::Deletions& deletions) {
  std::uint64_t live = 0;
  deletions.for_each_live(0, kRows, [&live](std::uint64_t first, std::uint64_t end) {
    if (first >= end || end > kRows) std::abort();
    live += end - first;
  });
  if (live + deletions.count(0, kRows) != kRows) std::abort();
  index::DeletionBitmap bitmap(kRows);
  bitmap.add(deletions, kRows, 0);
  for (std::uint64_t row = 0; row < kRows; ++row) {
    if (deletions.contains(row) != bitmap.contains(row)) std::abort();
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto& dataset = fuzz::scratch_folder();
  core::create_folders(index::deletion_folder(dataset));
  index::SegmentEntry segment;
  segment.samples = kRows;
  segment.deletions.name = "00000000000000000001-1-0000000000000000.deleted";
  const auto path = index::deletion_folder(dataset) / segment.deletions.name;
  fuzz::write_file(path, std::as_bytes(std::span(data, size)));
  try {
    const auto file = ColumnFile::open(path, FileKind::kDeletions);
    segment.deletions.digest = file->digest();
    segment.deletions.bytes = file->bytes();
    segment.deletions.samples = deleted_samples(*file);
    const index::Deletions deletions(dataset, segment);
    ask(deletions);
    deletions.verify();
  } catch (const Error&) {
    // The only way to say no.
  }
  return 0;
}

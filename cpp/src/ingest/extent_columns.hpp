// What a format reads from one file, packed as the extents of a segment.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "index/packed_integers.hpp"
#include "index/segment_builder.hpp"
#include "modyn/format.hpp"

namespace modyn::ingest {

// Packs blocks as they come, so that no more than narrow columns of a file are ever in memory.
class ExtentColumns : public SampleSink {
 public:
  // Bytes [first_byte, end) of the file are read.
  ExtentColumns(SampleLayout layout, std::uint64_t first_byte, std::uint64_t end)
      : layout_(layout), first_byte_(first_byte), end_(end) {}

  // BadContent for places or timestamps that cannot be.
  void take(std::uint64_t piece, const SampleBlock& block) override;

  // The extents in the order of the samples, without a file's number. Samples without timestamps of
  // their own get `timestamp`. The first sample is the file's record `first_record`. Once.
  [[nodiscard]] std::vector<index::NewExtent> extents(Timestamp timestamp, std::uint64_t first_record);

  // If the file is one sample: its label. BadContent if there was not just one.
  [[nodiscard]] std::int64_t only_label() const;

 private:
  struct Block {
    std::uint64_t base = 0;  // kRows: offsets count from here
    index::PackedIntegers labels;
    index::PackedIntegers timestamps;
    index::PackedRows rows;
  };
  void check_rows(const SampleBlock& block) const;
  [[nodiscard]] bool goes_on(const index::NewExtent& extent, std::uint64_t samples, const Block& block) const;

  SampleLayout layout_;
  std::uint64_t first_byte_;
  std::uint64_t end_;
  std::mutex mutex_;
  std::vector<std::vector<Block>> pieces_;
};

}  // namespace modyn::ingest

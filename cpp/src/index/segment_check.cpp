#include "index/segment_check.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"

namespace modyn::index {
namespace {

constexpr std::uint64_t kBlock = 4096;

class SegmentCheck {
 public:
  SegmentCheck(const Index& index, const Segment& segment) : index_(index), segment_(segment) {}

  void run() {
    segment_.verify();
    const Extents& extents = segment_.extents();
    for (std::size_t at = 0; at < extents.first_key.size(); ++at) {
      check_bytes(extents, at);
      if (extents.last_of(at) != extents.timestamp[at]) check_times(extents, at);
    }
  }

 private:
  [[noreturn]] void fail(std::size_t extent, const std::string& what) const {
    core::throw_corrupt(segment_.file().path(), "extent " + core::grouped(std::uint64_t{extent}) + " " + what);
  }

  void check_bytes(const Extents& extents, std::size_t at) {
    const ExtentKind kind = extents.kind_of(at);
    if (kind == ExtentKind::kFiles) return;  // whatever was ingested of them
    const std::uint64_t ingested = index_.source_file(extents.file[at]).ingested_bytes;
    if (kind == ExtentKind::kRows) {
      check_rows(extents, at, ingested);
      return;
    }
    const FixedRecordFormat* format = index_.fixed_records();
    if (format == nullptr) fail(at, "has fixed records, which its dataset's format has not");
    const bool records = kind == ExtentKind::kRecords;
    const std::uint64_t size = records ? format->record_size : format->sample_size();
    const std::uint64_t room = ingested / size;
    const std::uint64_t count = segment_.extent_size(at);
    const std::uint64_t first = extents.first_record[at];
    const std::uint64_t base = extents.base_of(at);
    const bool fits =
        records ? first <= room && count <= room - first : base <= ingested && count <= (ingested - base) / size;
    if (!fits) fail(at, "reaches beyond the ingested bytes of its file");
  }

  void check_rows(const Extents& extents, std::size_t at, std::uint64_t ingested) {
    const RowColumns& rows = segment_.rows();
    const std::uint64_t base = extents.base_of(at);
    const std::uint64_t begin = segment_.row_of(extents.first_key[at]);
    const std::uint64_t end = begin + segment_.extent_size(at);
    for (std::uint64_t row = begin; row < end; row += kBlock) {
      const std::uint64_t count = std::min(kBlock, end - row);
      read(rows.offset, row, count, offsets_);
      read(rows.length, row, count, lengths_);
      read(rows.cut_offset, row, count, cut_offsets_);
      read(rows.cut_length, row, count, cut_lengths_);
      for (std::uint64_t i = 0; i < count; ++i) {
        const auto offset = static_cast<std::uint64_t>(offsets_[i]);
        const auto length = static_cast<std::uint64_t>(lengths_[i]);
        const auto cut = static_cast<std::uint64_t>(cut_offsets_[i]);
        const bool within = base <= ingested && offset <= ingested - base && length <= ingested - base - offset;
        if (!within) fail(at, "has a row beyond the ingested bytes of its file");
        if (cut > length || static_cast<std::uint64_t>(cut_lengths_[i]) > length - cut) {
          fail(at, "has a row whose cut reaches beyond it");
        }
      }
    }
  }

  void check_times(const Extents& extents, std::size_t at) {
    const std::uint64_t most =
        static_cast<std::uint64_t>(extents.last_of(at)) - static_cast<std::uint64_t>(extents.timestamp[at]);
    const std::uint64_t begin = segment_.row_of(extents.first_key[at]);
    const std::uint64_t end = begin + segment_.extent_size(at);
    for (std::uint64_t row = begin; row < end; row += kBlock) {
      read(segment_.later(), row, std::min(kBlock, end - row), offsets_);
      for (const std::int64_t later : offsets_) {
        if (static_cast<std::uint64_t>(later) > most) fail(at, "has a sample with a timestamp beyond its last");
      }
    }
  }

  static void read(const IntegerColumn& column, std::uint64_t row, std::uint64_t count,
                   std::vector<std::int64_t>& out) {
    out.resize(count);
    column.read(row, out);
  }

  const Index& index_;
  const Segment& segment_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::int64_t> cut_offsets_;
  std::vector<std::int64_t> cut_lengths_;
};

}  // namespace

void check_segment(const Index& index, const Segment& segment) { SegmentCheck(index, segment).run(); }

}  // namespace modyn::index

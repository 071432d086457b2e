// Which segments are merged, and when.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "index/dataset_writer.hpp"
#include "index/merge_plan.hpp"
#include "index/segment_merger.hpp"
#include "modyn/maintenance.hpp"

namespace modyn {
namespace index {

std::size_t first_to_merge(std::span<const SegmentEntry> segments) {
  // All small segments count alike: for them it is their number that costs.
  constexpr std::uint64_t kSmall = std::uint64_t{64} << 10;
  std::size_t first = segments.size();
  std::uint64_t behind = 0;
  Key next_key = 0;
  for (std::size_t at = segments.size(); at > 0; --at) {
    const SegmentEntry& segment = segments[at - 1];
    // Keys of a merged segment have no gaps.
    if (at < segments.size() && segment.end_key() != next_key) break;
    next_key = segment.first_key;
    const std::uint64_t bytes = std::max(segment.bytes, kSmall);
    if (bytes <= behind / 2) first = at - 1;
    behind += bytes;
  }
  return segments.size() - first >= kFewestToMerge ? first : segments.size();
}

}  // namespace index

MergeReport merge_segments(const std::filesystem::path& dataset, double lock_timeout_s) {
  index::DatasetWriter writer(dataset, lock_timeout_s);
  auto& segments = writer.manifest().segments;
  const std::size_t first = index::first_to_merge(segments);
  MergeReport report{writer.manifest().number, segments.size() - first, segments.size(), 0};
  if (first == segments.size()) return report;
  writer.begin();
  index::SegmentMerger merger(dataset, std::span(segments).subspan(first));
  const index::SegmentEntry merged = merger.publish(writer.manifest().number, writer.manifest().epoch);
  segments.resize(first);
  segments.push_back(merged);
  writer.publish();
  report.manifest = writer.manifest().number;
  report.segments = segments.size();
  report.bytes_written = merged.bytes + merged.deletions.bytes;
  return report;
}

}  // namespace modyn

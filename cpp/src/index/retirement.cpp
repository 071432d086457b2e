#include "index/retirement.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "core/message.hpp"
#include "index/dataset_writer.hpp"
#include "index/index_state.hpp"
#include "index/segment.hpp"

namespace modyn::index {
namespace {

std::uint64_t length(const KeyRange& range) {
  return static_cast<std::uint64_t>(range.end) - static_cast<std::uint64_t>(range.first);
}

// The part of `range` that lies in the segment; empty (end <= first) if none does.
KeyRange part_in(const SegmentEntry& segment, const KeyRange& range) {
  return {std::max(range.first, segment.first_key), std::min(range.end, segment.end_key())};
}

// Smallest and largest timestamp of the samples that are left.
class LiveTimes {
 public:
  LiveTimes(const Segment& segment, const DeletionBitmap& deleted) : segment_(segment), deleted_(deleted) {
    const Extents& extents = segment.extents();
    for (std::size_t at = 0; at < extents.first_key.size(); ++at) {
      const std::uint64_t first = segment.row_of(extents.first_key[at]);
      add_extent(extents.timestamp[at], first, first + segment.extent_size(at));
    }
  }

  void give_to(DeletionEntry& entry) const {
    if (first_ > last_) return;  // nothing is left
    entry.first_timestamp = first_;
    entry.last_timestamp = last_;
  }

 private:
  void add_extent(Timestamp timestamp, std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t row = first; row < end; ++row) {
      if (deleted_.contains(row)) continue;
      const Timestamp time = segment_.has_timestamps() ? later_by(timestamp, segment_.later()[row]) : timestamp;
      first_ = std::min(first_, time);
      last_ = std::max(last_, time);
      if (!segment_.has_timestamps()) return;
    }
  }

  const Segment& segment_;
  const DeletionBitmap& deleted_;
  Timestamp first_ = std::numeric_limits<Timestamp>::max();
  Timestamp last_ = std::numeric_limits<Timestamp>::min();
};

}  // namespace

std::vector<KeyRange> normalized(std::span<const KeyRange> ranges) {
  std::vector<KeyRange> sorted;
  for (const KeyRange& range : ranges) {
    if (range.end < range.first) {
      throw Error(ErrorKind::kInvalidArgument, "the range of keys from " + std::to_string(range.first) + " to " +
                                                   std::to_string(range.end) + " ends before it begins");
    }
    if (range.first != range.end) sorted.push_back(range);
  }
  std::ranges::sort(sorted, {}, &KeyRange::first);
  std::vector<KeyRange> joined;
  for (const KeyRange& range : sorted) {
    if (!joined.empty() && range.first <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, range.end);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

std::vector<KeyRange> keys_of_files(const Index& index, std::span<const std::uint32_t> files) {
  std::vector<KeyRange> found;
  for (const Segment* segment : index.state().filled) {
    const Extents& extents = segment->extents();
    for (std::size_t at = 0; at < extents.first_key.size(); ++at) {
      const Key first = extents.first_key[at];
      const std::uint64_t size = segment->extent_size(at);
      const std::uint64_t file = extents.file[at];
      if (extents.kind_of(at) != ExtentKind::kFiles) {
        if (std::ranges::binary_search(files, file)) found.push_back({first, first + static_cast<Key>(size)});
        continue;
      }
      for (auto one = std::ranges::lower_bound(files, file); one != files.end() && *one < file + size; ++one) {
        const Key key = first + static_cast<Key>(*one - file);
        found.push_back({key, key + 1});
      }
    }
  }
  return normalized(found);
}

bool is_wholly_deleted(const Index& index, std::uint32_t file) {
  for (const KeyRange& keys : keys_of_files(index, std::span(&file, 1))) {
    // What was appended to a file lies in a later segment.
    for (Key at = keys.first; at < keys.end;) {
      const Segment& segment = *index.state().find(at);
      const KeyRange part = part_in(segment.entry(), {at, keys.end});
      const std::uint64_t first = segment.row_of(part.first);
      if (segment.deletions() == nullptr || segment.deletions()->count(first, first + length(part)) < length(part)) {
        return false;
      }
      at = part.end;
    }
  }
  return true;
}

Retirement::Retirement(const std::filesystem::path& dataset, const Manifest& manifest, std::span<const KeyRange> keys)
    : dataset_(dataset) {
  const std::vector<KeyRange> ranges = normalized(keys);
  check_known(manifest, ranges);
  for (std::size_t number = 0; number < manifest.segments.size(); ++number) {
    add(manifest.segments[number], number, ranges);
  }
}

void Retirement::check_known(const Manifest& manifest, std::span<const KeyRange> keys) const {
  std::uint64_t missing = 0;
  std::string names;
  const auto miss = [&](const KeyRange& range) {
    if (missing == 0) names = std::to_string(range.first);
    missing += length(range);
  };
  auto segment = manifest.segments.begin();
  for (const KeyRange& range : keys) {
    Key at = range.first;
    while (segment != manifest.segments.end() && segment->end_key() <= at) ++segment;
    for (auto covering = segment; covering != manifest.segments.end() && at < range.end; ++covering) {
      const KeyRange part = part_in(*covering, {at, range.end});
      if (part.end <= part.first) continue;
      if (part.first > at) miss({at, part.first});
      at = part.end;
    }
    if (at < range.end) miss({at, range.end});
  }
  if (missing == 0) return;
  throw Error(ErrorKind::kUnknownKey,
              "cannot delete key " + names + (missing > 1 ? " and others" : "") + " of dataset " +
                  core::quoted(dataset_) + ": manifest " + std::to_string(manifest.number) + " has never had " +
                  (missing > 1 ? "these " + core::grouped(missing) + " keys" : "it") + "; nothing was deleted");
}

void Retirement::add(const SegmentEntry& segment, std::size_t number, std::span<const KeyRange> keys) {
  const auto first = std::ranges::lower_bound(keys, segment.first_key, std::ranges::less_equal(), &KeyRange::end);
  if (segment.samples == 0 || first == keys.end() || first->first >= segment.end_key()) return;
  DeletionBitmap rows(segment.samples);
  if (!segment.deletions.name.empty()) rows.add(Deletions(dataset_, segment), segment.samples, 0);
  std::uint64_t added = 0;
  std::uint64_t asked = 0;
  for (auto range = first; range != keys.end() && range->first < segment.end_key(); ++range) {
    const KeyRange part = part_in(segment, *range);
    asked += length(part);
    added += rows.add(static_cast<std::uint64_t>(part.first - segment.first_key),
                      static_cast<std::uint64_t>(part.end - segment.first_key));
  }
  deleted_ += added;
  already_deleted_ += asked - added;
  if (added > 0) affected_.push_back({number, std::move(rows)});
}

void Retirement::write(Manifest& manifest) const {
  for (const Affected& affected : affected_) {
    SegmentEntry& entry = manifest.segments[affected.segment];
    DeletionEntry deletions = affected.rows.publish(dataset_, manifest.number, manifest.epoch);
    entry.deletions = {};
    LiveTimes(Segment(dataset_, entry), affected.rows).give_to(deletions);
    entry.deletions = std::move(deletions);
  }
}

}  // namespace modyn::index

namespace modyn {

DeleteReport delete_samples(const std::filesystem::path& dataset, std::span<const KeyRange> keys,
                            double lock_timeout_s) {
  index::DatasetWriter writer(dataset, lock_timeout_s);
  const index::Retirement retirement(dataset, writer.manifest(), keys);
  if (retirement.deleted() > 0) {
    writer.begin();
    retirement.write(writer.manifest());
    writer.publish();
  }
  return {writer.manifest().number, retirement.deleted(), retirement.already_deleted()};
}

DeleteReport delete_samples(const std::filesystem::path& dataset, std::span<const Key> keys, double lock_timeout_s) {
  std::vector<KeyRange> ranges;
  ranges.reserve(keys.size());
  for (const Key key : keys) {
    if (key < 0 || key == std::numeric_limits<Key>::max()) {
      throw Error(ErrorKind::kUnknownKey, "cannot delete key " + std::to_string(key) + " of dataset " +
                                              core::quoted(dataset) + ": no sample has it; nothing was deleted");
    }
    ranges.push_back({key, key + 1});
  }
  return delete_samples(dataset, ranges, lock_timeout_s);
}

}  // namespace modyn

#include "index/index_state.hpp"

#include <algorithm>
#include <string>

#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"

namespace modyn {
namespace {

// The first few of some keys, for a message.
struct NamedKeys {
  std::uint64_t count = 0;
  std::string names;

  void add(Key key) {
    constexpr std::uint64_t kNamed = 5;
    if (++count > kNamed + 1) return;
    names += (count == 1 ? "" : ", ") + (count > kNamed ? std::string("...") : std::to_string(key));
  }
};

}  // namespace

Index::State::State(const std::filesystem::path& folder, index::Manifest opened)
    : dataset(folder), manifest(std::move(opened)) {
  if (manifest.number > 0) {
    fixed_records = index::parse_fixed_records(manifest.format, index::manifest_file(dataset, manifest.number));
  }
  segments.reserve(manifest.segments.size());
  for (const index::SegmentEntry& entry : manifest.segments) {
    first_files.push_back(entry.first_file);
    segments.push_back(std::make_unique<const index::Segment>(dataset, entry));
    if (entry.samples == 0) continue;
    first_keys.push_back(entry.first_key);
    filled.push_back(segments.back().get());
  }
  if (!filled.empty()) filled_bounds_ = index::Bounds(first_keys, filled.back()->entry().end_key());
  collect_updates();
  summarize();
}

void Index::State::collect_updates() {
  for (std::uint32_t segment = 0; segment < segments.size(); ++segment) {
    const auto files = segments[segment]->updated_files();
    for (std::uint64_t row = 0; row < files.size(); ++row) updates.push_back({files[row], segment, row});
  }
  // Later segments win: they come first among equals, and unique() keeps the first.
  std::ranges::sort(updates, [](const Update& a, const Update& b) {
    return a.file != b.file ? a.file < b.file : a.segment > b.segment;
  });
  const auto repeated = std::ranges::unique(updates, {}, &Update::file);
  updates.erase(repeated.begin(), repeated.end());
}

void Index::State::summarize() {
  summary.manifest = manifest.number;
  summary.sequence = manifest.sequence;
  summary.next_key = manifest.next_key;
  summary.files = manifest.next_file;
  summary.segments = manifest.segments.size();
  summary.first_timestamp = 0;
  summary.last_timestamp = -1;
  for (const index::SegmentEntry& entry : manifest.segments) {
    summary.deleted += entry.deletions.samples;
    summary.extents += entry.extents;
    if (entry.live_samples() == 0) continue;
    const bool all = entry.deletions.samples == 0;
    const Timestamp first = all ? entry.first_timestamp : entry.deletions.first_timestamp;
    const Timestamp last = all ? entry.last_timestamp : entry.deletions.last_timestamp;
    const bool is_first = summary.samples == 0;
    summary.first_timestamp = is_first ? first : std::min(summary.first_timestamp, first);
    summary.last_timestamp = is_first ? last : std::max(summary.last_timestamp, last);
    summary.samples += entry.live_samples();
  }
}

const index::Segment* Index::State::find(Key key) const noexcept {
  const auto after = std::ranges::upper_bound(first_keys, key);
  if (after == first_keys.begin()) return nullptr;
  const index::Segment* segment = filled[static_cast<std::size_t>(after - first_keys.begin()) - 1];
  return key < segment->entry().end_key() ? segment : nullptr;
}

bool Index::State::find_segments(std::span<const Key> keys, std::span<std::uint32_t> out) const {
  if (filled.empty()) return keys.empty();
  const Key first = first_keys.front();
  const Key end = filled.back()->entry().end_key();
  bool found = true;
  for (const Key key : keys) found = found && key >= first && key < end;
  if (!found) return false;
  if (filled.size() == 1) {
    std::ranges::fill(out, 0);
    return true;
  }
  filled_bounds_.find(keys, out);
  for (std::size_t i = 0; i < keys.size(); ++i) found = found && keys[i] < filled[out[i]]->entry().end_key();
  return found;
}

const index::Locator& Index::State::locator() const {
  std::call_once(locator_once_, [this] { locator_.emplace(std::span(filled)); });
  return *locator_;
}

const index::Segment& Index::State::segment_of_file(std::uint32_t file) const noexcept {
  const auto after = std::ranges::upper_bound(first_files, file);
  return *segments[static_cast<std::size_t>(after - first_files.begin()) - 1];
}

const Index::State::Update* Index::State::find_update(std::uint32_t file) const noexcept {
  const auto update = std::ranges::lower_bound(updates, file, {}, &Update::file);
  return update != updates.end() && update->file == file ? &*update : nullptr;
}

bool Index::State::any_deleted(std::span<const Key> keys, std::span<const std::uint32_t> of_segments) const {
  if (summary.deleted == 0) return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const index::Segment& segment = *filled[of_segments[i]];
    if (segment.deletions() != nullptr && segment.deletions()->contains(segment.row_of(keys[i]))) return true;
  }
  return false;
}

void Index::State::check_live(const index::Segment& segment, Key first, std::uint64_t count) const {
  if (segment.deletions() == nullptr) return;
  const std::uint64_t row = segment.row_of(first);
  const std::uint64_t end = std::min(row + count, segment.entry().samples);
  const std::uint64_t deleted = segment.deletions()->next_deleted(row, end);
  if (deleted == end) return;
  const Key key = first + static_cast<Key>(deleted - row);
  throw_unknown_keys(std::span(&key, 1));
}

Key Index::State::first_key_after(std::uint64_t sequence) const {
  for (const index::Segment* segment : filled) {
    if (segment->last_sequence() <= sequence) continue;
    return segment->first_key_after(sequence);
  }
  return manifest.next_key;
}

void Index::State::throw_unknown_keys(std::span<const Key> keys) const {
  NamedKeys missing;
  NamedKeys deleted;
  for (const Key key : keys) {
    const index::Segment* segment = find(key);
    if (segment == nullptr) {
      missing.add(key);
    } else if (segment->deletions() != nullptr && segment->deletions()->contains(segment->row_of(key))) {
      deleted.add(key);
    }
  }
  std::string message = "manifest " + std::to_string(manifest.number) + " of dataset " + core::quoted(dataset);
  if (missing.count > 0) message += " has no keys " + missing.names;
  if (deleted.count > 0)
    message += (missing.count > 0 ? "; in it were deleted: keys " : " has deleted keys ") + deleted.names;
  throw Error(ErrorKind::kUnknownKey, message + " (" + core::grouped(missing.count + deleted.count) + " of the " +
                                          core::grouped(std::uint64_t{keys.size()}) + " asked for)");
}

}  // namespace modyn

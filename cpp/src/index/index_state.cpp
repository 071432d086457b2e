#include "index/index_state.hpp"

#include <algorithm>

#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"

namespace modyn {

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
    if (entry.samples == 0) continue;
    const bool first = summary.samples == 0;
    summary.first_timestamp = first ? entry.first_timestamp : std::min(summary.first_timestamp, entry.first_timestamp);
    summary.last_timestamp = first ? entry.last_timestamp : std::max(summary.last_timestamp, entry.last_timestamp);
    summary.samples += entry.samples;
    summary.extents += entry.extents;
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

void Index::State::throw_unknown_keys(std::span<const Key> keys) const {
  constexpr std::uint64_t kNamed = 5;
  std::uint64_t missing = 0;
  std::string names;
  for (const Key key : keys) {
    if (find(key) != nullptr) continue;
    if (++missing <= kNamed) names += (missing == 1 ? "" : ", ") + std::to_string(key);
  }
  if (missing > kNamed) names += ", ...";
  throw Error(ErrorKind::kUnknownKey, "manifest " + std::to_string(manifest.number) + " of dataset " +
                                          core::quoted(dataset) + " has no keys " + names + " (" +
                                          core::grouped(missing) + " of the " +
                                          core::grouped(std::uint64_t{keys.size()}) + " asked for)");
}

}  // namespace modyn

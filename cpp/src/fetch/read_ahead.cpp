#include "fetch/read_ahead.hpp"

#include <algorithm>
#include <utility>

#include "fetch/whole_file.hpp"

namespace modyn::fetch {
namespace {

// One sample in so many is looked at, within limits: each look is a system call.
constexpr std::size_t kKeysForALook = 512;
constexpr std::size_t kMinLooks = 4;
constexpr std::size_t kMaxLooks = 32;
// Neighbours this close are announced at once: a disk reads whole pages, and a seek costs more than many of them.
constexpr std::uint64_t kMaxGap = 16 * 1024;

}  // namespace

void ReadAhead::begin(SourceFiles& files, std::size_t most_files) {
  files_ = &files;
  held_.prepare(most_files);
}

Outlook ReadAhead::look(std::span<const Key> keys) {
  const std::size_t looks = std::min(keys.size(), std::clamp(keys.size() / kKeysForALook, kMinLooks, kMaxLooks));
  keys_.clear();
  for (std::size_t i = 0; i < looks; ++i) keys_.push_back(keys[i * keys.size() / looks]);
  places_.resize(looks);
  files_->index().places(keys_, places_);
  Outlook outlook;
  for (const Place& place : places_) {
    if (place.length == 0) continue;
    const OpenSource* const source = find(place);
    const bool mapped = source != nullptr && source->is_mapped();
    const auto residency =
        source != nullptr ? source->residency(place.offset) : advise_whole_file(files_->describe(place.file));
    // A file system that cannot say is taken for memory where a map is possible, for a network where it is not.
    if (residency == core::Residency::kCached || (residency == core::Residency::kUnknown && mapped)) {
      continue;
    }
    outlook.from_disk = true;
    outlook.waits = outlook.waits || !mapped;
  }
  return outlook;
}

void ReadAhead::advise(std::span<const Key> keys) {
  places_.resize(keys.size());
  files_->index().places(keys, places_);
  for (std::size_t first = 0; first < places_.size();) {
    const Place& place = places_[first];
    std::uint64_t end = place.offset + place.length;
    for (++first; first < places_.size(); ++first) {
      const Place& next = places_[first];
      if (next.file != place.file || next.offset < place.offset || next.offset > end + kMaxGap) break;
      end = std::max(end, next.offset + next.length);
    }
    advise_range(place, end - place.offset);
  }
}

void ReadAhead::advise_range(const Place& place, std::uint64_t length) {
  if (const OpenSource* source = find(place)) {
    source->advise(place.offset, length);
  } else {
    static_cast<void>(advise_whole_file(files_->describe(place.file)));
  }
}

const OpenSource* ReadAhead::find(const Place& place) {
  if (const OpenSource* source = held_.find(place.file)) return source;
  if (held_.full()) held_.clear();
  if (auto source = files_->find(place.file)) return held_.add(place.file, std::move(source));
  SourceFiles::Found found = files_->describe(place.file);
  if (is_whole_file(found.source, place)) return nullptr;
  return held_.add(place.file, files_->open(place.file, std::move(found)));
}

}  // namespace modyn::fetch

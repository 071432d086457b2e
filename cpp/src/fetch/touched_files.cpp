#include "fetch/touched_files.hpp"

#include <algorithm>
#include <utility>

namespace modyn::fetch {

void TouchedFiles::prepare(std::size_t most) {
  clear();
  most_ = std::max<std::size_t>(most, 1);
}

const OpenSource* TouchedFiles::add(std::uint32_t file, std::shared_ptr<const OpenSource> source) {
  held_.push_back({file, std::move(source)});
  const OpenSource* const added = held_.back().source.get();
  // At most a quarter full, so that nearly every search ends at its first place.
  if (held_.size() * 4 > slots_.size()) {
    grow();
  } else {
    insert(file, added);
  }
  return added;
}

void TouchedFiles::check() const {
  for (const Held& one : held_) one.source->check_unchanged();
}

void TouchedFiles::clear() noexcept {
  if (held_.empty()) return;
  held_.clear();
  std::ranges::fill(slots_, Slot{});
}

const TouchedFiles::Slot& TouchedFiles::further_slot(std::uint32_t file) const noexcept {
  for (std::size_t place = place_of(file);; place = (place + 1) % slots_.size()) {
    const Slot& slot = slots_[place];
    if (slot.source == nullptr || slot.file == file) return slot;
  }
}

void TouchedFiles::insert(std::uint32_t file, const OpenSource* source) noexcept {
  std::size_t place = place_of(file);
  while (slots_[place].source != nullptr) place = (place + 1) % slots_.size();
  slots_[place] = {source, source->map(), source->size(), file};
}

void TouchedFiles::grow() {
  slots_.assign(slots_.size() * 2, Slot{});
  --shift_;
  for (const Held& one : held_) insert(one.file, one.source.get());
}

}  // namespace modyn::fetch

#include "fetch/source_files.hpp"

#include <algorithm>
#include <utility>

#include <sys/resource.h>

#include "index/index_state.hpp"

namespace modyn::fetch {
namespace {

std::size_t descriptor_share() noexcept {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return static_cast<std::size_t>(limit.rlim_cur / 2);
}

}  // namespace

SourceFiles::SourceFiles(std::shared_ptr<const Index> index, std::filesystem::path root, std::size_t max_open,
                         Access access)
    : index_(std::move(index)),
      root_(std::move(root)),
      dataset_(index_->state().dataset),
      max_open_(std::max<std::size_t>(1, std::min(max_open, descriptor_share()))),
      access_(access) {}

SourceFiles::Found SourceFiles::describe(std::uint32_t file) const {
  SourceFile source = index_->source_file(file);
  std::filesystem::path path = (source.owned ? dataset_ : root_) / source.path;
  return {std::move(source), std::move(path)};
}

std::shared_ptr<const OpenSource> SourceFiles::find(std::uint32_t file) {
  const std::lock_guard lock(mutex_);
  return find_locked(file);
}

std::shared_ptr<const OpenSource> SourceFiles::open(std::uint32_t file, Found found) {
  // Opening waits for the file system, so it happens outside the lock.
  auto source = std::make_shared<const OpenSource>(std::move(found.source), std::move(found.path), access_);
  const std::lock_guard lock(mutex_);
  // Another thread may have opened the file meanwhile; then its map is the one to use.
  if (auto present = find_locked(file)) return present;
  make_room();
  recency_.push_front(file);
  slots_.emplace(file, Slot{source, recency_.begin()});
  return source;
}

std::shared_ptr<const OpenSource> SourceFiles::find_locked(std::uint32_t file) {
  const auto slot = slots_.find(file);
  if (slot == slots_.end()) return nullptr;
  recency_.splice(recency_.begin(), recency_, slot->second.place);
  return slot->second.source;
}

// Closes the least recently used file that nobody uses: forgetting one in use would not close it.
void SourceFiles::make_room() {
  for (auto place = recency_.end(); slots_.size() >= max_open_ && place != recency_.begin();) {
    --place;
    const auto slot = slots_.find(*place);
    if (slot->second.source.use_count() > 1) continue;
    slots_.erase(slot);
    place = recency_.erase(place);
  }
}

}  // namespace modyn::fetch

#include "fetch/source_files.hpp"

#include <algorithm>
#include <utility>

#include <sys/resource.h>

namespace modyn::fetch {
namespace {

std::size_t descriptor_share() noexcept {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return static_cast<std::size_t>(limit.rlim_cur / 2);
}

}  // namespace

SourceFiles::SourceFiles(std::shared_ptr<const Index> index, std::filesystem::path root, std::size_t max_open)
    : index_(std::move(index)),
      root_(std::move(root)),
      max_open_(std::max<std::size_t>(1, std::min(max_open, descriptor_share()))) {}

void SourceFiles::acquire(std::span<const std::uint32_t> files, std::vector<std::shared_ptr<const SourceMap>>& out) {
  out.clear();
  out.resize(files.size());
  bool complete = true;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < files.size(); ++i) {
      out[i] = find(files[i]);
      complete = complete && out[i] != nullptr;
    }
  }
  if (complete) return;
  // Opening waits for the file system, so it happens outside the lock.
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (out[i] != nullptr) continue;
    auto map = open(files[i]);
    const std::lock_guard lock(mutex_);
    out[i] = insert(files[i], std::move(map));
  }
}

std::shared_ptr<const SourceMap> SourceFiles::find(std::uint32_t file) {
  const auto slot = slots_.find(file);
  if (slot == slots_.end()) return nullptr;
  recency_.splice(recency_.begin(), recency_, slot->second.place);
  return slot->second.map;
}

std::shared_ptr<const SourceMap> SourceFiles::open(std::uint32_t file) const {
  SourceFile source = index_->source_file(file);
  std::filesystem::path path = root_ / source.path;
  return std::make_shared<const SourceMap>(std::move(source), std::move(path));
}

// Another thread may have opened the file meanwhile; then its map is the one to use.
std::shared_ptr<const SourceMap> SourceFiles::insert(std::uint32_t file, std::shared_ptr<const SourceMap> map) {
  if (auto present = find(file)) return present;
  while (slots_.size() >= max_open_) {
    slots_.erase(recency_.back());
    recency_.pop_back();
  }
  recency_.push_front(file);
  slots_.emplace(file, Slot{map, recency_.begin()});
  return map;
}

}  // namespace modyn::fetch

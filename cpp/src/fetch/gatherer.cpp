#include "fetch/part.hpp"

#include <algorithm>
#include <string>

#include "core/message.hpp"
#include "fetch/sigbus_guard.hpp"

namespace modyn::fetch {
namespace {

// Files that a part holds open at once, between looking them up and comparing them with the index.
constexpr std::size_t kMaxFilesOfWindow = 256;

struct GuardedCopy {
  const CopyPlan& plan;
  std::span<const Entry> entries;
  std::size_t first_slot;
  volatile std::size_t progress = 0;
};

void copy_unguarded(void* context) {
  auto& copy = *static_cast<GuardedCopy*>(context);
  copy_entries(copy.plan, copy.entries, copy.first_slot, copy.progress);
}

}  // namespace

void Part::resolve(const Index& index, const KeyOrder& order, std::size_t first, std::size_t count) {
  keys_.resize(count);
  locations_.resize(count);
  labels_.resize(count);
  entries_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    keys_[i] = order.key(first + i);
    entries_[i].slot = order.slot(first + i);
  }
  index.locate(keys_, locations_);
  index.labels(keys_, labels_);
}

void Part::give_labels(std::span<std::int64_t> labels) const {
  for (std::size_t i = 0; i < labels_.size(); ++i) labels[entries_[i].slot] = labels_[i];
}

void Part::copy(const FixedRecordFormat& format, SourceFiles& files, const CopyPlan& plan, std::size_t first_slot) {
  for (std::size_t begin = 0; begin < entries_.size();) {
    const std::size_t end = open_window(begin, format, files);
    copy_window(std::span<const Entry>(entries_).subspan(begin, end - begin), plan, first_slot);
    begin = end;
  }
  maps_.clear();
}

// Opens the files of as many entries from `begin` on as may be open at once; returns where these entries end.
std::size_t Part::open_window(std::size_t begin, const FixedRecordFormat& format, SourceFiles& files) {
  const std::size_t max_files = std::min(kMaxFilesOfWindow, files.max_open());
  files_.clear();
  std::size_t end = begin;
  for (; end < entries_.size(); ++end) {
    if (!files_.empty() && locations_[end].file == files_.back()) continue;
    if (files_.size() == max_files) break;
    files_.push_back(locations_[end].file);
  }
  maps_.clear();
  files.acquire(files_, maps_);
  std::size_t file = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (locations_[i].file != files_[file]) ++file;
    entries_[i].record = maps_[file]->bytes() + locations_[i].record * format.record_size;
  }
  return end;
}

void Part::copy_window(std::span<const Entry> window, const CopyPlan& plan, std::size_t first_slot) const {
  GuardedCopy copy{plan, window, first_slot};
  const bool copied = copy_guarded(copy_unguarded, &copy);
  for (const auto& map : maps_) map->check_unchanged();
  if (copied) return;
  const std::size_t location = static_cast<std::size_t>(window.data() - entries_.data()) + copy.progress;
  const auto file = std::ranges::find(files_, locations_[location].file) - files_.begin();
  throw Error(ErrorKind::kIo, "cannot read record " + core::grouped(locations_[location].record) + " of " +
                                  core::quoted(maps_[static_cast<std::size_t>(file)]->path()) +
                                  ": the disk or the network file system reports an error");
}

}  // namespace modyn::fetch

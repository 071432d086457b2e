#include "ingest/known_files.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "core/fingerprint.hpp"
#include "index/index_state.hpp"

namespace modyn::ingest {
namespace {

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) noexcept {
  return core::xxh64(std::as_bytes(std::span(text)), seed);
}

std::uint8_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint8_t>(hash >> 56U); }

struct SplitPath {
  std::string_view folder;
  std::string_view name;
};

SplitPath split(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// Segments of older versions keep the folder with the name.
SplitPath path_of(const index::Segment& segment, std::uint32_t row) {
  const std::string_view folder = segment.folder(row);
  return folder.empty() ? split(segment.name(row)) : SplitPath{folder, segment.name(row)};
}

}  // namespace

KnownFiles::Folder::Folder(std::string_view folder_path) : path(folder_path), hash(hash_of(folder_path, 0)) {}

KnownFiles::KnownFiles(const Index& index)
    : index_(index),
      mask_(std::bit_ceil(std::uint64_t{index.source_files()} * 3 / 2 + 2) - 1),
      slots_(mask_ + 1),
      tags_(mask_ + 1),
      states_(index.source_files(), State::kNotLive) {
  Folder folder("");
  for (const auto& segment : index.state().segments) {
    for (std::uint32_t row = 0; row < segment->entry().files; ++row) {
      if (segment->files().owned[row] != 0) continue;
      const SplitPath path = path_of(*segment, row);
      if (path.folder != folder.path) folder = Folder(path.folder);
      insert(segment->entry().first_file + row, hash_of(path.name, folder.hash), path.folder, path.name);
    }
  }
}

void KnownFiles::insert(std::uint32_t file, std::uint64_t hash, std::string_view folder, std::string_view name) {
  std::size_t slot = slot_of(hash);
  for (; slots_[slot] != 0; slot = (slot + 1) & mask_) {
    if (tags_[slot] != tag_of(hash) || !has_path(slots_[slot] - 1, folder, name)) continue;
    states_[slots_[slot] - 1] = State::kNotLive;
    break;
  }
  slots_[slot] = file + 1;
  tags_[slot] = tag_of(hash);
  states_[file] = State::kUnseen;
}

bool KnownFiles::has_path(std::uint32_t file, std::string_view folder, std::string_view name) const {
  const index::Segment& segment = index_.state().segment_of_file(file);
  const SplitPath path = path_of(segment, file - segment.entry().first_file);
  return path.name == name && path.folder == folder;
}

std::optional<std::uint32_t> KnownFiles::find(const Folder& folder, std::string_view name) const {
  const std::uint64_t hash = hash_of(name, folder.hash);
  for (std::size_t slot = slot_of(hash); slots_[slot] != 0; slot = (slot + 1) & mask_) {
    if (tags_[slot] == tag_of(hash) && has_path(slots_[slot] - 1, folder.path, name)) return slots_[slot] - 1;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> KnownFiles::find(std::string_view path) const {
  const SplitPath parts = split(path);
  return find(Folder(parts.folder), parts.name);
}

bool KnownFiles::is_unchanged(const Folder& folder, std::string_view name, const core::FileStatus& status,
                              std::uint64_t companion) {
  const std::optional<std::uint32_t> file = find(folder, name);
  if (!file) return false;
  const Index::State& state = index_.state();
  const index::Segment* segment = &state.segment_of_file(*file);
  const index::FileColumns* columns = &segment->files();
  std::uint64_t row = *file - segment->entry().first_file;
  if (const Index::State::Update* update = state.find_update(*file)) {
    columns = &state.segments[update->segment]->updates();
    row = update->row;
  }
  const auto number = [row](const auto& column) { return static_cast<std::uint64_t>(column[row]); };
  if (number(columns->size) != status.size || columns->mtime_ns[row] != status.mtime_ns ||
      number(columns->inode) != status.inode || number(columns->companion) != companion) {
    return false;
  }
  states_[*file] = State::kSeen;
  return true;
}

std::vector<std::uint32_t> KnownFiles::unseen() const {
  std::vector<std::uint32_t> files;
  for (std::uint32_t file = 0; file < states_.size(); ++file) {
    if (states_[file] == State::kUnseen) files.push_back(file);
  }
  return files;
}

}  // namespace modyn::ingest

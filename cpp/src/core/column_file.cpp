#include "modyn/column_file.hpp"

#include <algorithm>
#include <atomic>

#include "core/column_file_layout.hpp"
#include "core/crc32c.hpp"
#include "core/file.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn {

using core::DirectoryEntry;

struct ColumnFile::State {
  explicit State(const std::filesystem::path& file) : path(file), map(file) {}

  std::filesystem::path path;
  core::MappedFile map;
  core::Footer footer;
  std::span<const std::uint32_t> checksums;
  std::span<const DirectoryEntry> directory;
  // One bit for each block that has been verified. Two threads may verify the same block at the
  // same time, which costs time and nothing else; the bytes never change, so order does not matter.
  std::unique_ptr<std::atomic<std::uint64_t>[]> verified;

  [[nodiscard]] std::span<const std::byte> content() const { return map.bytes().first(footer.table_offset); }
  [[nodiscard]] bool is_verified(std::uint64_t block) const {
    return ((verified[block / 64].load(std::memory_order_relaxed) >> (block % 64)) & 1U) != 0;
  }
  void verify_block(std::uint64_t block) const;
  void verify_blocks(std::uint64_t first, std::uint64_t end) const;
  [[nodiscard]] const DirectoryEntry* find(std::string_view name) const;
  [[nodiscard]] const DirectoryEntry& get(std::string_view name) const;
};

void ColumnFile::State::verify_block(std::uint64_t block) const {
  const std::uint64_t offset = block * core::kBlockBytes;
  const auto bytes = content().subspan(offset, std::min(core::kBlockBytes, footer.table_offset - offset));
  if (core::crc32c(bytes) != checksums[block]) {
    core::throw_corrupt(path, "the bytes from " + core::grouped(offset) + " to " +
                                  core::grouped(offset + bytes.size()) + " fail their checksum");
  }
  verified[block / 64].fetch_or(std::uint64_t{1} << (block % 64), std::memory_order_relaxed);
}

void ColumnFile::State::verify_blocks(std::uint64_t first, std::uint64_t end) const {
  for (std::uint64_t block = first; block < end; ++block) {
    if (!is_verified(block)) verify_block(block);
  }
}

const DirectoryEntry* ColumnFile::State::find(std::string_view name) const {
  const auto entry =
      std::ranges::find_if(directory, [name](const DirectoryEntry& candidate) { return candidate.text() == name; });
  return entry == directory.end() ? nullptr : &*entry;
}

const DirectoryEntry& ColumnFile::State::get(std::string_view name) const {
  const DirectoryEntry* entry = find(name);
  if (entry == nullptr) core::throw_corrupt(path, "column " + core::quoted(name) + " is missing");
  return *entry;
}

std::shared_ptr<const ColumnFile> ColumnFile::open(const std::filesystem::path& path, FileKind kind) {
  auto state = std::make_unique<State>(path);
  const auto bytes = state->map.bytes();
  state->footer = core::check_frame(bytes, path);
  const std::uint64_t blocks = core::block_count(state->footer.table_offset);
  state->checksums = {reinterpret_cast<const std::uint32_t*>(bytes.data() + state->footer.table_offset), blocks};
  state->verified = std::make_unique<std::atomic<std::uint64_t>[]>((blocks + 63) / 64);

  // The number of columns is believed only after the block that holds it, the directory after its blocks.
  if (state->footer.table_offset < sizeof(core::Header)) core::throw_corrupt(path, "it has no header");
  state->verify_blocks(0, 1);
  const std::uint32_t columns = reinterpret_cast<const core::Header*>(bytes.data())->columns;
  const std::uint64_t directory_end = sizeof(core::Header) + columns * sizeof(DirectoryEntry);
  state->verify_blocks(0, std::min(blocks, core::block_count(directory_end)));
  state->directory = core::check_directory(bytes, kind, state->footer.table_offset, path);
  return std::shared_ptr<const ColumnFile>(new ColumnFile(std::move(state)));
}

ColumnFile::ColumnFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ColumnFile::~ColumnFile() = default;

const std::filesystem::path& ColumnFile::path() const noexcept { return state_->path; }

bool ColumnFile::has(std::string_view name) const { return state_->find(name) != nullptr; }

ColumnType ColumnFile::type(std::string_view name) const { return static_cast<ColumnType>(state_->get(name).type); }

std::uint64_t ColumnFile::size(std::string_view name) const { return state_->get(name).count; }

template <typename T>
Column<T> ColumnFile::column(std::string_view name) const {
  const DirectoryEntry& entry = state_->get(name);
  if (static_cast<ColumnType>(entry.type) != column_type<T>()) {
    core::throw_corrupt(state_->path, "column " + core::quoted(name) + " has type " + std::to_string(entry.type) +
                                          ", expected type " +
                                          std::to_string(static_cast<std::uint32_t>(column_type<T>())));
  }
  return {this, reinterpret_cast<const T*>(state_->map.bytes().data() + entry.offset), entry.offset, entry.count};
}

template Column<std::uint8_t> ColumnFile::column(std::string_view) const;
template Column<std::int8_t> ColumnFile::column(std::string_view) const;
template Column<std::uint16_t> ColumnFile::column(std::string_view) const;
template Column<std::int16_t> ColumnFile::column(std::string_view) const;
template Column<std::uint32_t> ColumnFile::column(std::string_view) const;
template Column<std::int32_t> ColumnFile::column(std::string_view) const;
template Column<std::uint64_t> ColumnFile::column(std::string_view) const;
template Column<std::int64_t> ColumnFile::column(std::string_view) const;
template Column<float> ColumnFile::column(std::string_view) const;

void ColumnFile::check(std::uint64_t offset, std::uint64_t length) const {
  state_->verify_blocks(offset / core::kBlockBytes, core::block_count(offset + length));
}

// No element crosses a block: columns begin at multiples of 64 bytes, and widths are powers of two.
void ColumnFile::check_each(std::uint64_t offset, std::size_t width, std::span<const std::uint64_t> elements) const {
  for (const std::uint64_t element : elements) {
    const std::uint64_t block = (offset + element * width) / core::kBlockBytes;
    if (!state_->is_verified(block)) state_->verify_block(block);
  }
}

void ColumnFile::throw_beyond_end(std::uint64_t first, std::uint64_t count, std::uint64_t size) const {
  throw Error(ErrorKind::kInvalidArgument, core::grouped(count) + " elements from " + core::grouped(first) +
                                               " do not lie in a column of " + core::grouped(size) +
                                               " elements of file " + core::quoted(state_->path));
}

void ColumnFile::verify() const { state_->verify_blocks(0, state_->checksums.size()); }

std::uint32_t ColumnFile::digest() const noexcept { return state_->footer.digest; }

std::uint64_t ColumnFile::bytes() const noexcept { return state_->map.bytes().size(); }

}  // namespace modyn

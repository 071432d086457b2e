#include "modyn/column_file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "core/column_file_layout.hpp"
#include "core/crc32c.hpp"
#include "core/file.hpp"
#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "modyn/error.hpp"

namespace modyn {

using core::DirectoryEntry;

struct ColumnFile::State {
  State(const std::filesystem::path& name, ReadBy read_by)
      : path(name), file(core::open_for_reading(name)), map(file, name) {
    if (read_by == ReadBy::kMap) file = {};
  }

  std::filesystem::path path;
  core::Descriptor file;  // open if large reads copy
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
  static constexpr std::size_t kMaxRun = 64;
  // Of blocks [first, end); the last block of the content may be shorter.
  [[nodiscard]] std::span<const std::byte> bytes_of(std::uint64_t first, std::uint64_t end) const {
    const std::uint64_t offset = first * core::kBlockBytes;
    return content().subspan(offset, std::min((end - first) * core::kBlockBytes, footer.table_offset - offset));
  }
  void verify_run(std::uint64_t first, std::uint64_t end, std::span<const std::byte> bytes) const;
  void copy_piece(std::uint64_t offset, std::span<std::byte> out) const;
  void verify_blocks(std::uint64_t first, std::uint64_t end) const;
  [[nodiscard]] const DirectoryEntry* find(std::string_view name) const;
  [[nodiscard]] const DirectoryEntry& get(std::string_view name) const;
};

// `bytes` are those of the blocks. Neighbours are computed together, which can be faster than one at a time.
void ColumnFile::State::verify_run(std::uint64_t first, std::uint64_t end, std::span<const std::byte> bytes) const {
  std::array<std::uint32_t, kMaxRun> found;
  core::crc32c_blocks(bytes, core::kBlockBytes, std::span(found).first(end - first));
  for (std::uint64_t block = first; block < end; ++block) {
    if (found[block - first] != checksums[block]) {
      const std::uint64_t begin = block * core::kBlockBytes;
      core::throw_corrupt(path, "the bytes from " + core::grouped(begin) + " to " +
                                    core::grouped(std::min(begin + core::kBlockBytes, footer.table_offset)) +
                                    " fail their checksum");
    }
  }
  for (std::uint64_t block = first; block < end;) {
    const std::uint64_t word_end = std::min(end, (block / 64 + 1) * 64);
    const std::uint64_t ones = ~std::uint64_t{0} >> (64 - (word_end - block));
    verified[block / 64].fetch_or(ones << (block % 64), std::memory_order_relaxed);
    block = word_end;
  }
}

void ColumnFile::State::verify_blocks(std::uint64_t first, std::uint64_t end) const {
  for (std::uint64_t block = first; block < end;) {
    std::uint64_t run_end = block;
    while (run_end < end && run_end - block < kMaxRun && !is_verified(run_end)) ++run_end;
    if (run_end > block) verify_run(block, run_end, bytes_of(block, run_end));
    block = std::max(run_end, block + 1);
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

// Bytes that one call of the system copies and that are verified where they arrive, in the nearest cache.
// Maps would cost a page table entry for every 4 KiB, which takes longer than copying them.
void ColumnFile::State::copy_piece(std::uint64_t offset, std::span<std::byte> out) const {
  if (core::read_at(file, offset, out, path) != out.size()) {
    core::throw_corrupt(path, "it was cut off while it was open");
  }
  const std::uint64_t end = offset + out.size();
  const std::uint64_t first_whole = core::block_count(offset);
  const std::uint64_t end_whole =
      std::max(first_whole, end == footer.table_offset ? core::block_count(end) : end / core::kBlockBytes);
  verify_blocks(offset / core::kBlockBytes, first_whole);
  for (std::uint64_t block = first_whole; block < end_whole;) {
    std::uint64_t run_end = block;
    while (run_end < end_whole && run_end - block < kMaxRun && !is_verified(run_end)) ++run_end;
    if (run_end > block) {
      const std::uint64_t begin = block * core::kBlockBytes;
      verify_run(block, run_end, out.subspan(begin - offset, std::min(run_end * core::kBlockBytes, end) - begin));
    }
    block = std::max(run_end, block + 1);
  }
  verify_blocks(end_whole, core::block_count(end));
}

std::shared_ptr<const ColumnFile> ColumnFile::open(const std::filesystem::path& path, FileKind kind, ReadBy read_by) {
  auto state = std::make_unique<State>(path, read_by);
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
    if (!state_->is_verified(block)) state_->verify_blocks(block, block + 1);
  }
}

void ColumnFile::copy(std::uint64_t offset, std::span<std::byte> out) const {
  constexpr std::uint64_t kPiece = 2 * State::kMaxRun * core::kBlockBytes;
  if (out.size() < kPiece || !state_->file.is_open()) {
    check(offset, out.size());
    std::memcpy(out.data(), state_->map.bytes().data() + offset, out.size());
    return;
  }
  // Pieces end where words of `verified` do, so that threads do not share them.
  const std::uint64_t first = offset / kPiece;
  const std::uint64_t end = offset + out.size();
  core::ThreadPool::shared().for_each((end - 1) / kPiece - first + 1, 0, [&](std::size_t number) {
    const std::uint64_t begin = std::max(offset, (first + number) * kPiece);
    const std::uint64_t piece_end = std::min(end, (first + number + 1) * kPiece);
    state_->copy_piece(begin, out.subspan(begin - offset, piece_end - begin));
  });
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

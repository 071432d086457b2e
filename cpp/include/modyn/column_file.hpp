// Column files: the one container of everything Modyn writes for the data plane.
//
// A column file is an immutable set of named, typed columns behind a header, with a CRC-32C for
// every block of 4 KiB. Segments, manifests, views, training sets and the quarantine list differ
// only in their kind and their columns, so there is one writer, one verifier and one thing to fuzz.
// docs/formats.md describes the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace modyn {

enum class FileKind : std::uint32_t {
  kSegment = 1,
  kManifest = 2,
  kView = 3,
  kTrainingSet = 4,
  kQuarantine = 5,
  kDeletions = 6,
  kPin = 7,
  kBatchRun = 8,
};

enum class ColumnType : std::uint32_t {
  kUint8 = 1,
  kInt8 = 2,
  kUint16 = 3,
  kInt16 = 4,
  kUint32 = 5,
  kInt32 = 6,
  kUint64 = 7,
  kInt64 = 8,
  kFloat32 = 9,
};

[[nodiscard]] std::size_t width_of(ColumnType type);

template <typename T>
class Column;

// Collects columns and writes them in one go: temporary name, fsync, publish, fsync of the folder.
class ColumnFileWriter {
 public:
  explicit ColumnFileWriter(FileKind kind);
  ~ColumnFileWriter();
  ColumnFileWriter(const ColumnFileWriter&) = delete;
  ColumnFileWriter& operator=(const ColumnFileWriter&) = delete;

  // The bytes are borrowed until publish(); names are at most 23 bytes and unique.
  void add(std::string_view name, ColumnType type, std::span<const std::byte> bytes);
  template <typename T>
  void add(std::string_view name, std::span<const T> values);

  // A column of `count` elements that need not be in memory together: `produce` gives its bytes, in any
  // pieces, to the function that it is called with. It is called once for each publish() or replace().
  using Sink = std::function<void(std::span<const std::byte>)>;
  void add_streamed(std::string_view name, ColumnType type, std::uint64_t count,
                    std::function<void(const Sink&)> produce);

  // Programs that know no version as high as this refuse the file. For columns that must not be ignored.
  void require_version(std::uint32_t version);

  // Replaces nothing: fails with kConflict if `path` exists. Durable when it returns.
  void publish(const std::filesystem::path& path) const;
  // Like publish, but replaces an existing file atomically.
  void replace(const std::filesystem::path& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// How the columns of a file are read. kCopy keeps the file open, so that large reads into memory of the caller
// need no map: several times as fast for a file that is read once.
enum class ReadBy { kMap, kCopy };

// A memory-mapped column file. Opening checks length, header and directory; the blocks of a column
// are checked the first time that they are read (each once, whatever the number of threads).
class ColumnFile {
 public:
  static std::shared_ptr<const ColumnFile> open(const std::filesystem::path& path, FileKind kind,
                                                ReadBy read_by = ReadBy::kMap);
  ~ColumnFile();
  ColumnFile(const ColumnFile&) = delete;
  ColumnFile& operator=(const ColumnFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] ColumnType type(std::string_view name) const;     // kCorrupt if the column is missing
  [[nodiscard]] std::uint64_t size(std::string_view name) const;  // number of elements

  // Elements [first, first + count), verified. kInvalidArgument beyond the end.
  template <typename T>
  [[nodiscard]] std::span<const T> read(std::string_view name, std::uint64_t first, std::uint64_t count) const;
  template <typename T>
  [[nodiscard]] std::span<const T> read(std::string_view name) const;

  // A handle to a column for many small reads.
  template <typename T>
  [[nodiscard]] Column<T> column(std::string_view name) const;

  // Checks every block of the file.
  void verify() const;
  // Of all content: the CRC-32C of the checksum table. A manifest records it for its segments.
  [[nodiscard]] std::uint32_t digest() const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  template <typename T>
  friend class Column;
  struct State;
  explicit ColumnFile(std::unique_ptr<State> state);
  void check(std::uint64_t offset, std::uint64_t length) const;
  void check_each(std::uint64_t offset, std::size_t width, std::span<const std::uint64_t> elements) const;
  void copy(std::uint64_t offset, std::span<std::byte> out) const;
  [[noreturn]] void throw_beyond_end(std::uint64_t first, std::uint64_t count, std::uint64_t size) const;
  std::unique_ptr<State> state_;
};

// A column of an open file, looked up once. Valid as long as the file.
template <typename T>
class Column {
 public:
  Column() = default;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  // One element, verified. `at` must be below size().
  [[nodiscard]] T operator[](std::uint64_t at) const {
    file_->check(offset_ + at * sizeof(T), sizeof(T));
    return data_[at];
  }

  // Elements [first, first + count), verified. kInvalidArgument beyond the end.
  [[nodiscard]] std::span<const T> read(std::uint64_t first, std::uint64_t count) const {
    if (first > size_ || count > size_ - first) file_->throw_beyond_end(first, count, size_);
    if (count == 0) return {};
    file_->check(offset_ + first * sizeof(T), count * sizeof(T));
    return {data_ + first, count};
  }
  [[nodiscard]] std::span<const T> read() const { return read(0, size_); }

  // out[i] = element at[i], verified; the elements may lie anywhere, and all must be below size().
  template <typename Out>
  void gather(std::span<const std::uint64_t> at, std::span<Out> out) const {
    constexpr std::size_t kAhead = 32;  // elements on their way from memory while one is converted
    file_->check_each(offset_, sizeof(T), at);
    const std::size_t prefetched = at.size() > kAhead ? at.size() - kAhead : 0;
    for (std::size_t i = 0; i < prefetched; ++i) {
      __builtin_prefetch(data_ + at[i + kAhead]);
      out[i] = static_cast<Out>(data_[at[i]]);
    }
    for (std::size_t i = prefetched; i < at.size(); ++i) out[i] = static_cast<Out>(data_[at[i]]);
  }
  // Fills `out` with elements from `first` on, verified, on all threads if they are many. kInvalidArgument beyond the
  // end.
  void copy(std::uint64_t first, std::span<T> out) const {
    if (first > size_ || out.size() > size_ - first) file_->throw_beyond_end(first, out.size(), size_);
    if (!out.empty()) file_->copy(offset_ + first * sizeof(T), std::as_writable_bytes(out));
  }
  // All elements, for callers that see to verification themselves before they look.
  [[nodiscard]] std::span<const T> unverified() const noexcept { return {data_, size_}; }

 private:
  friend class ColumnFile;
  Column(const ColumnFile* file, const T* data, std::uint64_t offset, std::uint64_t size)
      : file_(file), data_(data), offset_(offset), size_(size) {}
  const ColumnFile* file_ = nullptr;
  const T* data_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
};

// The type of a column of T.
template <typename T>
[[nodiscard]] constexpr ColumnType column_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return ColumnType::kUint8;
  if constexpr (std::is_same_v<T, std::int8_t>) return ColumnType::kInt8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return ColumnType::kUint16;
  if constexpr (std::is_same_v<T, std::int16_t>) return ColumnType::kInt16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return ColumnType::kUint32;
  if constexpr (std::is_same_v<T, std::int32_t>) return ColumnType::kInt32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return ColumnType::kUint64;
  if constexpr (std::is_same_v<T, std::int64_t>) return ColumnType::kInt64;
  if constexpr (std::is_same_v<T, float>) return ColumnType::kFloat32;
}

template <typename T>
void ColumnFileWriter::add(std::string_view name, std::span<const T> values) {
  add(name, column_type<T>(), std::as_bytes(values));
}

template <typename T>
std::span<const T> ColumnFile::read(std::string_view name, std::uint64_t first, std::uint64_t count) const {
  return column<T>(name).read(first, count);
}

template <typename T>
std::span<const T> ColumnFile::read(std::string_view name) const {
  return column<T>(name).read();
}

}  // namespace modyn

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
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modyn {

enum class FileKind : std::uint32_t {
  kSegment = 1,
  kManifest = 2,
  kView = 3,
  kTrainingSet = 4,
  kQuarantine = 5,
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

// Collects columns and writes them in one go: temporary name, fsync, publish, fsync of the folder.
class ColumnFileWriter {
 public:
  explicit ColumnFileWriter(FileKind kind);
  ~ColumnFileWriter();
  ColumnFileWriter(const ColumnFileWriter&) = delete;
  ColumnFileWriter& operator=(const ColumnFileWriter&) = delete;

  // The bytes are borrowed until publish(); names are at most 23 bytes and unique.
  void add(std::string_view name, ColumnType type, std::span<const std::byte> bytes);

  // Replaces nothing: fails with kConflict if `path` exists. Durable when it returns.
  void publish(const std::filesystem::path& path) const;
  // Like publish, but replaces an existing file atomically.
  void replace(const std::filesystem::path& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A memory-mapped column file. Opening checks length, header and directory; the blocks of a column
// are checked the first time that they are read (each once, whatever the number of threads).
class ColumnFile {
 public:
  static std::shared_ptr<const ColumnFile> open(const std::filesystem::path& path, FileKind kind);
  ~ColumnFile();
  ColumnFile(const ColumnFile&) = delete;
  ColumnFile& operator=(const ColumnFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] ColumnType type(std::string_view name) const;   // kCorrupt if the column is missing
  [[nodiscard]] std::uint64_t size(std::string_view name) const;  // number of elements

  // Elements [first, first + count), verified. kInvalidArgument beyond the end.
  template <typename T>
  [[nodiscard]] std::span<const T> read(std::string_view name, std::uint64_t first, std::uint64_t count) const;
  template <typename T>
  [[nodiscard]] std::span<const T> read(std::string_view name) const;

  // Checks every block of the file.
  void verify() const;
  // CRC-32C of the checksum table: identifies the content. A manifest records it for its segments.
  [[nodiscard]] std::uint32_t digest() const noexcept;

 private:
  struct State;
  explicit ColumnFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace modyn

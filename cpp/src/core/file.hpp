// Owners of operating-system things: descriptors and maps. Nothing else opens files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <sys/stat.h>

namespace modyn::core {

// An open file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  // Gives the descriptor to somebody who closes it (fdopendir).
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  void close() noexcept;
  int number_ = -1;
};

// What identifies a state of a file.
struct FileStatus {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileStatus&, const FileStatus&) = default;
};

[[nodiscard]] FileStatus file_status(const struct stat& status) noexcept;
// kIo, naming `path`, if it cannot be had.
[[nodiscard]] FileStatus file_status(const Descriptor& file, const std::filesystem::path& path);

// Paths may be longer than the operating system takes in one call. Relative ones count from the open folder `at`, or
// from the current one. Links are followed; `flags` as of open(2), whose O_NOFOLLOW concerns the last name. Not open,
// with errno, if it cannot be opened.
[[nodiscard]] Descriptor try_open(std::string_view path, int flags, const Descriptor* at = nullptr);
// False, with errno, if the status cannot be had.
[[nodiscard]] bool try_stat(std::string_view path, struct stat& status, const Descriptor* at = nullptr);

// kIo if it cannot be opened.
[[nodiscard]] Descriptor open_for_reading(const std::filesystem::path& path);

// Reads at `offset` until `out` is full or the file ends; returns the number of bytes. kIo on failure.
[[nodiscard]] std::size_t read_at(const Descriptor& file, std::uint64_t offset, std::span<std::byte> out,
                                  const std::filesystem::path& path);
// Writes all bytes from `offset` on. kIo on failure, after which any part of them may be written.
void write_at(const Descriptor& file, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path);
void write_all(const Descriptor& file, std::span<const std::byte> bytes, const std::filesystem::path& path);

// Down to the disk, not only to the drive's cache.
void sync_file(const Descriptor& file, const std::filesystem::path& path);
// Makes names that were created, linked or renamed in the folder durable.
void sync_folder(const std::filesystem::path& folder);
// The folder and its parents, durably. Nothing happens if it exists.
void create_folders(const std::filesystem::path& folder);

// A whole file, mapped for reading.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  // The same for an open file.
  MappedFile(const Descriptor& file, const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace modyn::core

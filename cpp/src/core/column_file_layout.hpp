// The bytes of a column file, as docs/formats.md describes them.
//
//   header | directory | columns, each at a multiple of 64 bytes | checksum table | footer
//
// All before the table is covered, in blocks of 4 KiB from the start of the file, by the table; the
// table by the digest in the footer; the footer by a checksum of its own.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "modyn/column_file.hpp"

namespace modyn::core {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they lie in memory");

// Files of all versions from 1 on are read. Each is written in the lowest that describes it.
inline constexpr std::uint32_t kNewestVersion = 2;
inline constexpr std::uint64_t kBlockBytes = 4096;
inline constexpr std::uint64_t kColumnAlignment = 64;
inline constexpr std::size_t kNameBytes = 24;
inline constexpr std::uint32_t kMaxColumns = 1024;
inline constexpr std::array<char, 8> kHeaderMagic{'\x89', 'M', 'O', 'D', 'Y', 'N', '\r', '\n'};
inline constexpr std::array<char, 8> kFooterMagic{'m', 'o', 'd', 'y', 'n', 'e', 'n', 'd'};

struct Header {
  std::array<char, 8> magic = kHeaderMagic;
  std::uint32_t version = 1;
  std::uint32_t kind = 0;
  std::uint32_t columns = 0;
  std::uint32_t block_bytes = static_cast<std::uint32_t>(kBlockBytes);
  std::uint64_t reserved = 0;
};
static_assert(sizeof(Header) == 32);

struct DirectoryEntry {
  std::array<char, kNameBytes> name{};  // padded with zeros, at least one
  std::uint32_t type = 0;
  std::uint32_t reserved = 0;
  std::uint64_t offset = 0;  // from the start of the file
  std::uint64_t count = 0;   // elements

  [[nodiscard]] std::string_view text() const { return name.data(); }
};
static_assert(sizeof(DirectoryEntry) == 48);

struct Footer {
  std::uint64_t table_offset = 0;
  std::uint32_t digest = 0;  // CRC-32C of the table
  std::uint32_t version = 1;
  std::array<char, 8> magic = kFooterMagic;
  std::uint32_t reserved = 0;
  std::uint32_t checksum = 0;  // CRC-32C of the bytes before it in the footer
};
static_assert(sizeof(Footer) == 32);

[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kColumnAlignment - 1) / kColumnAlignment * kColumnAlignment;
}
[[nodiscard]] constexpr std::uint64_t block_count(std::uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes;
}

[[nodiscard]] std::uint32_t checksum_of(const Footer& footer) noexcept;
[[nodiscard]] bool is_column_type(std::uint32_t type) noexcept;

// kCorrupt: "file '<path>' is damaged: <what>".
[[noreturn]] void throw_corrupt(const std::filesystem::path& path, std::string_view what);

// Checks the footer and the table and returns the footer. kCorrupt if anything is wrong.
[[nodiscard]] Footer check_frame(std::span<const std::byte> bytes, const std::filesystem::path& path);
// Checks the rules of header and directory (whose blocks are verified already), returns the directory.
[[nodiscard]] std::span<const DirectoryEntry> check_directory(std::span<const std::byte> bytes, FileKind kind,
                                                              std::uint64_t table_offset,
                                                              const std::filesystem::path& path);

}  // namespace modyn::core

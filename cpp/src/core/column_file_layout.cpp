#include "core/column_file_layout.hpp"

#include <algorithm>
#include <cstring>

#include "core/crc32c.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn {

std::size_t width_of(ColumnType type) {
  switch (type) {
    case ColumnType::kUint8:
    case ColumnType::kInt8:
      return 1;
    case ColumnType::kUint16:
    case ColumnType::kInt16:
      return 2;
    case ColumnType::kUint32:
    case ColumnType::kInt32:
    case ColumnType::kFloat32:
      return 4;
    case ColumnType::kUint64:
    case ColumnType::kInt64:
      return 8;
  }
  throw Error(ErrorKind::kInvalidArgument,
              "there is no column type " + std::to_string(static_cast<std::uint32_t>(type)));
}

}  // namespace modyn

namespace modyn::core {
namespace {

void check_version(std::uint32_t version, const std::filesystem::path& path) {
  if (version >= 1 && version <= kNewestVersion) return;
  throw Error(ErrorKind::kCorrupt, "file " + quoted(path) + " has format version " + std::to_string(version) +
                                       ", this program reads versions 1 to " + std::to_string(kNewestVersion) +
                                       "; use a newer one");
}

bool is_name(const DirectoryEntry& entry) {
  const auto end = std::ranges::find(entry.name, '\0');
  return end != entry.name.begin() && end != entry.name.end() &&
         std::all_of(end, entry.name.end(), [](char c) { return c == '\0'; });
}

bool fits(const DirectoryEntry& entry, std::uint64_t first, std::uint64_t end) {
  const std::uint64_t width = width_of(static_cast<ColumnType>(entry.type));
  return entry.offset % kColumnAlignment == 0 && entry.offset >= first && entry.offset <= end &&
         entry.count <= (end - entry.offset) / width;
}

}  // namespace

std::uint32_t checksum_of(const Footer& footer) noexcept {
  return crc32c(std::as_bytes(std::span(&footer, 1)).first<offsetof(Footer, checksum)>());
}

bool is_column_type(std::uint32_t type) noexcept {
  return type >= static_cast<std::uint32_t>(ColumnType::kUint8) &&
         type <= static_cast<std::uint32_t>(ColumnType::kFloat32);
}

void throw_corrupt(const std::filesystem::path& path, std::string_view what) {
  throw Error(ErrorKind::kCorrupt, "file " + quoted(path) + " is damaged: " + std::string(what));
}

Footer check_frame(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  if (bytes.size() < sizeof(Header) + sizeof(Footer)) {
    throw_corrupt(path, "it has " + grouped(bytes.size()) + " bytes, too few for a file of Modyn");
  }
  Footer footer;
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof(Footer), sizeof(Footer));
  if (footer.magic != kFooterMagic || footer.checksum != checksum_of(footer) || footer.reserved != 0) {
    throw_corrupt(path, "its end is not the end of a file of Modyn (cut off, or never one)");
  }
  check_version(footer.version, path);
  const std::uint64_t space = bytes.size() - sizeof(Footer);
  const std::uint64_t table_bytes = block_count(std::min(footer.table_offset, space)) * sizeof(std::uint32_t);
  if (footer.table_offset % kColumnAlignment != 0 || footer.table_offset > space ||
      table_bytes != space - footer.table_offset) {
    throw_corrupt(path, "its length of " + grouped(bytes.size()) + " bytes does not fit its footer");
  }
  if (crc32c(bytes.subspan(footer.table_offset, table_bytes)) != footer.digest) {
    throw_corrupt(path, "its checksum table fails its own checksum");
  }
  return footer;
}

std::span<const DirectoryEntry> check_directory(std::span<const std::byte> bytes, FileKind kind,
                                                std::uint64_t table_offset, const std::filesystem::path& path) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(Header));
  if (header.magic != kHeaderMagic) throw_corrupt(path, "it does not begin as a file of Modyn");
  check_version(header.version, path);
  if (header.kind != static_cast<std::uint32_t>(kind)) {
    throw_corrupt(path, "it is of kind " + std::to_string(header.kind) + ", expected kind " +
                            std::to_string(static_cast<std::uint32_t>(kind)));
  }
  const std::uint64_t first = aligned(sizeof(Header) + header.columns * sizeof(DirectoryEntry));
  if (header.block_bytes != kBlockBytes || header.reserved != 0 || header.columns > kMaxColumns ||
      first > table_offset) {
    throw_corrupt(path, "its header breaks the rules of the format");
  }
  const std::span directory(reinterpret_cast<const DirectoryEntry*>(bytes.data() + sizeof(Header)), header.columns);
  for (std::size_t i = 0; i < directory.size(); ++i) {
    const DirectoryEntry& entry = directory[i];
    if (!is_name(entry) || !is_column_type(entry.type) || entry.reserved != 0 || !fits(entry, first, table_offset)) {
      throw_corrupt(path, "entry " + std::to_string(i) + " of its directory breaks the rules of the format");
    }
  }
  return directory;
}

}  // namespace modyn::core

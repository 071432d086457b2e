#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "core/column_file_layout.hpp"
#include "core/crc32c.hpp"
#include "core/message.hpp"
#include "core/publish.hpp"
#include "modyn/column_file.hpp"
#include "modyn/error.hpp"

namespace modyn {
namespace {

constexpr std::uint64_t kBufferBytes = 256 * core::kBlockBytes;
// From so many bytes on, a copy into the buffer costs more than a call of the system.
constexpr std::uint64_t kDirectBytes = 16 * core::kBlockBytes;

// Writes the part of a file that the checksum table covers, and remembers the checksums.
class BlockStream {
 public:
  explicit BlockStream(core::TemporaryFile& file) : file_(file) { buffer_.reserve(kBufferBytes); }

  // Whole blocks are written from where they are; the buffer holds what does not fill one, and small columns.
  void write(std::span<const std::byte> bytes) {
    if (bytes.size() >= kDirectBytes || buffer_.size() + bytes.size() >= kBufferBytes) {
      const std::size_t missing = (core::kBlockBytes - buffer_.size() % core::kBlockBytes) % core::kBlockBytes;
      buffer(bytes.first(missing));
      flush();
      bytes = bytes.subspan(missing);
      while (bytes.size() >= core::kBlockBytes) {
        const auto blocks = bytes.first(std::min(bytes.size() / core::kBlockBytes * core::kBlockBytes, kBufferBytes));
        put(blocks);
        bytes = bytes.subspan(blocks.size());
      }
    }
    buffer(bytes);
  }

  void pad_to(std::uint64_t offset) {
    static constexpr std::byte kZeros[core::kColumnAlignment]{};
    write(std::span(kZeros).first(offset - (flushed_ + buffer_.size())));
  }

  // A streamed column has exactly as many bytes as were announced.
  void check_at(std::uint64_t offset) const {
    if (flushed_ + buffer_.size() == offset) return;
    throw Error(ErrorKind::kInvalidArgument,
                "a column that was written piece by piece has another length than announced");
  }

  // Only at the end may the buffer hold a block that is not full.
  void flush() {
    put(buffer_);
    buffer_.clear();
  }

  [[nodiscard]] std::span<const std::uint32_t> checksums() const { return checksums_; }

 private:
  void buffer(std::span<const std::byte> bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }
  void put(std::span<const std::byte> blocks) {
    const std::size_t before = checksums_.size();
    checksums_.resize(before + core::block_count(blocks.size()));
    core::crc32c_blocks(blocks, core::kBlockBytes, std::span(checksums_).subspan(before));
    file_.write(blocks);
    flushed_ += blocks.size();
  }

  core::TemporaryFile& file_;
  std::vector<std::byte> buffer_;
  std::uint64_t flushed_ = 0;
  std::vector<std::uint32_t> checksums_;
};

}  // namespace

struct ColumnFileWriter::State {
  FileKind kind;
  std::vector<core::DirectoryEntry> directory;
  struct Source {
    std::span<const std::byte> bytes;
    std::function<void(const Sink&)> produce;  // instead of `bytes`, if there is one
  };
  std::uint32_t version = 1;
  std::vector<Source> columns;

  void add(std::string_view name, ColumnType type, std::uint64_t count);
  void write(core::TemporaryFile& file) const;
};

void ColumnFileWriter::State::write(core::TemporaryFile& file) const {
  core::Header header;
  header.version = version;
  header.kind = static_cast<std::uint32_t>(kind);
  header.columns = static_cast<std::uint32_t>(directory.size());
  std::vector<core::DirectoryEntry> placed = directory;
  std::uint64_t offset = core::aligned(sizeof(header) + placed.size() * sizeof(core::DirectoryEntry));
  for (std::size_t i = 0; i < placed.size(); ++i) {
    placed[i].offset = offset;
    offset = core::aligned(offset + placed[i].count * width_of(static_cast<ColumnType>(placed[i].type)));
  }

  BlockStream stream(file);
  stream.write(std::as_bytes(std::span(&header, 1)));
  stream.write(std::as_bytes(std::span(placed)));
  for (std::size_t i = 0; i < placed.size(); ++i) {
    stream.pad_to(placed[i].offset);
    if (columns[i].produce) {
      columns[i].produce([&](std::span<const std::byte> bytes) { stream.write(bytes); });
    } else {
      stream.write(columns[i].bytes);
    }
    stream.check_at(placed[i].offset + placed[i].count * width_of(static_cast<ColumnType>(placed[i].type)));
  }
  stream.pad_to(offset);
  stream.flush();

  const auto table = std::as_bytes(stream.checksums());
  file.write(table);
  core::Footer footer;
  footer.version = version;
  footer.table_offset = offset;
  footer.digest = core::crc32c(table);
  footer.checksum = core::checksum_of(footer);
  file.write(std::as_bytes(std::span(&footer, 1)));
}

ColumnFileWriter::ColumnFileWriter(FileKind kind) : state_(std::make_unique<State>()) { state_->kind = kind; }
ColumnFileWriter::~ColumnFileWriter() = default;

void ColumnFileWriter::State::add(std::string_view name, ColumnType type, std::uint64_t count) {
  const bool repeated = std::ranges::any_of(directory, [name](const auto& entry) { return entry.text() == name; });
  if (name.empty() || name.size() >= core::kNameBytes || name.find('\0') != std::string_view::npos || repeated) {
    throw Error(ErrorKind::kInvalidArgument, "column name " + core::quoted(name) + " is empty, too long or repeated");
  }
  if (directory.size() == core::kMaxColumns) {
    throw Error(ErrorKind::kInvalidArgument, "column " + core::quoted(name) + " is one too many");
  }
  core::DirectoryEntry entry;
  std::memcpy(entry.name.data(), name.data(), name.size());
  entry.type = static_cast<std::uint32_t>(type);
  entry.count = count;
  directory.push_back(entry);
}

void ColumnFileWriter::add(std::string_view name, ColumnType type, std::span<const std::byte> bytes) {
  if (bytes.size() % width_of(type) != 0) {
    throw Error(ErrorKind::kInvalidArgument, "column " + core::quoted(name) + " of " +
                                                 core::grouped(std::uint64_t{bytes.size()}) +
                                                 " bytes is no whole number of elements");
  }
  state_->add(name, type, bytes.size() / width_of(type));
  state_->columns.push_back({bytes, {}});
}

void ColumnFileWriter::add_streamed(std::string_view name, ColumnType type, std::uint64_t count,
                                    std::function<void(const Sink&)> produce) {
  state_->add(name, type, count);
  state_->columns.push_back({{}, std::move(produce)});
}

void ColumnFileWriter::require_version(std::uint32_t version) { state_->version = std::max(state_->version, version); }

void ColumnFileWriter::publish(const std::filesystem::path& path) const {
  core::TemporaryFile file(path);
  state_->write(file);
  file.publish_new();
}

void ColumnFileWriter::replace(const std::filesystem::path& path) const {
  core::TemporaryFile file(path);
  state_->write(file);
  file.publish_replacing();
}

}  // namespace modyn

#include "push/end_mark.hpp"

#include <cerrno>
#include <cstddef>
#include <span>

#include <fcntl.h>

#include "core/crc32c.hpp"
#include "core/message.hpp"

namespace modyn::push {
namespace {

constexpr std::array<char, 8> kMagic{'\x89', 'M', 'O', 'D', 'E', 'N', 'D', '\n'};
constexpr std::uint32_t kVersion = 1;

struct Record {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t state = 0;
  std::uint64_t identity = 0;
  std::uint64_t log = 0;
  std::uint64_t offset = 0;
  std::uint64_t batches = 0;
  std::uint64_t samples = 0;
  std::uint32_t zero = 0;
  std::uint32_t checksum = 0;  // CRC-32C of the bytes before it
};
static_assert(sizeof(Record) == 64);

std::uint32_t checksum_of(const Record& record) {
  return core::crc32c(std::as_bytes(std::span(&record, 1)).first(sizeof(record) - sizeof(record.checksum)));
}

std::optional<EndMark> read_record(const core::Descriptor& file, const std::filesystem::path& path) {
  Record record;
  const std::size_t count = core::read_at(file, 0, std::as_writable_bytes(std::span(&record, 1)), path);
  if (count < sizeof(record) || record.magic != kMagic || record.version != kVersion ||
      record.checksum != checksum_of(record) || record.state > static_cast<std::uint32_t>(EndState::kFailed)) {
    return std::nullopt;
  }
  return EndMark{{record.log, record.offset, record.batches, record.samples},
                 record.identity,
                 static_cast<EndState>(record.state)};
}

}  // namespace

EndMarkFile::EndMarkFile(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (!file_.is_open()) core::throw_system_error("open", path, errno);
}

std::optional<EndMark> EndMarkFile::read() const { return read_record(file_, path_); }

void EndMarkFile::write(const EndMark& mark) const {
  Record record;
  record.state = static_cast<std::uint32_t>(mark.state);
  record.identity = mark.identity;
  record.log = mark.end.log;
  record.offset = mark.end.offset;
  record.batches = mark.end.batches;
  record.samples = mark.end.samples;
  record.checksum = checksum_of(record);
  core::write_at(file_, 0, std::as_bytes(std::span(&record, 1)), path_);
}

void EndMarkFile::sync() const { core::sync_file(file_, path_); }

std::optional<EndMark> read_end_mark(const std::filesystem::path& path) {
  const core::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    core::throw_system_error("open", path, errno);
  }
  return read_record(file, path);
}

}  // namespace modyn::push

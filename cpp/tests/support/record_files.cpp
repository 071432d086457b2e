#include "support/record_files.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>

#include "modyn/ingest.hpp"

namespace modyn::testing {
namespace {

std::byte byte_of(Key key, std::uint64_t offset) noexcept {
  std::uint64_t x = static_cast<std::uint64_t>(key) * 0x9E3779B97F4A7C15 + offset * 0xBF58476D1CE4E5B9;
  x ^= x >> 31;
  x *= 0x94D049BB133111EB;
  return static_cast<std::byte>(x >> 56);
}

}  // namespace

RecordFiles::RecordFiles(const FixedRecordFormat& format, const std::vector<std::uint64_t>& records) : format_(format) {
  std::filesystem::create_directories(root());
  for (std::size_t number = 0; number < records.size(); ++number) {
    write(number, records[number], false);
    restore_time(number);
    samples_ += records[number];
  }
}

std::filesystem::path RecordFiles::file(std::size_t number) const {
  return root() / ("records-" + std::to_string(number) + ".bin");
}

void RecordFiles::write(std::size_t number, std::uint64_t records, bool append) const {
  std::ofstream out(file(number), std::ios::binary | (append ? std::ios::app : std::ios::trunc));
  for (std::uint64_t i = 0; i < records; ++i) {
    const auto bytes = record(static_cast<Key>(samples_ + i));
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + file(number).string());
}

void RecordFiles::append(std::size_t number, std::uint64_t records) {
  write(number, records, true);
  samples_ += records;
}

void RecordFiles::restore_time(std::size_t number) const {
  const timespec time{.tv_sec = static_cast<time_t>(1'000'000'000 + 60 * number), .tv_nsec = 0};
  const timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, file(number).c_str(), times, 0) != 0) throw std::runtime_error("cannot set a file's time");
}

std::shared_ptr<const Index> RecordFiles::scan() {
  const auto report = modyn::scan(dataset(), {.root = root(),
                                              .file_extension = ".bin",
                                              .format = format_,
                                              .timestamp_source = TimestampSource::kModificationTime,
                                              .timestamp_pattern = "",
                                              .threads = 0});
  if (!report.quarantined.empty()) throw std::runtime_error("scan: " + report.quarantined.front().reason);
  return Index::open(dataset());
}

std::vector<std::byte> RecordFiles::record(Key key) const {
  std::vector<std::byte> bytes(format_.record_size);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = byte_of(key, i);
  return bytes;
}

std::vector<std::byte> RecordFiles::sample(Key key) const {
  auto bytes = record(key);
  const auto label = bytes.begin() + static_cast<std::ptrdiff_t>(format_.label_offset);
  bytes.erase(label, label + static_cast<std::ptrdiff_t>(format_.label_size));
  return bytes;
}

std::int64_t RecordFiles::label(Key key) const {
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < format_.label_size; ++i) {
    const std::uint64_t place = format_.byte_order == ByteOrder::kBig ? i : format_.label_size - 1 - i;
    value = (value << 8) | std::to_integer<std::uint64_t>(byte_of(key, format_.label_offset + place));
  }
  const unsigned bits = static_cast<unsigned>(8 * format_.label_size);
  if (format_.label_signed && bits < 64 && ((value >> (bits - 1)) & 1) != 0) value |= ~std::uint64_t{0} << bits;
  return static_cast<std::int64_t>(value);
}

}  // namespace modyn::testing

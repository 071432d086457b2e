// Any bytes as the frames of an append log: read from memory, from a file, and by an appender that goes on behind them.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "core/crc32c.hpp"
#include "core/file.hpp"
#include "modyn/error.hpp"
#include "modyn/push.hpp"
#include "push/frame.hpp"
#include "push/pushed_folder.hpp"
#include "support/scratch_folder.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace modyn;

// Samples of any length if the input's length is odd, else of 5 bytes.
push::LogHeader log_of(std::size_t size) {
  push::LogHeader log;
  log.identity = 7;
  log.number = 1;
  log.sample_size = size % 2 == 0 ? 5 : 0;
  log.checksum = push::checksum_of(log);
  return log;
}

// Gives the frames as far as they can be followed the checksums that they would have.
void repair(std::span<std::byte> bytes) {
  std::uint64_t offset = sizeof(push::LogHeader);
  while (bytes.size() >= sizeof(push::FrameHeader)) {
    push::FrameHeader header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    header.magic = push::kFrameMagic;
    header.version = push::kLogVersion;
    header.identity = 7;
    header.offset = offset;
    header.batches %= 5;
    header.samples %= 50;
    header.data_bytes %= 2000;
    header.bytes = push::parts_of(header).bytes;
    if (header.bytes > bytes.size()) return;
    const auto frame = bytes.first(header.bytes);
    header.batches_checksum = core::crc32c(frame.subspan(sizeof(header), header.batches * sizeof(push::BatchEntry)));
    header.checksum = push::checksum_of(header);
    std::memcpy(frame.data(), &header, sizeof(header));
    push::FrameTrailer trailer;
    const auto place = frame.last<sizeof(trailer)>();
    std::memcpy(place.data(), &trailer.magic, sizeof(trailer.magic));
    trailer.checksum = core::crc32c(frame.first(frame.size() - sizeof(trailer.checksum)));
    std::memcpy(place.data(), &trailer, sizeof(trailer));
    bytes = bytes.subspan(header.bytes);
    offset += header.bytes;
  }
}

void use(const push::Frame& frame) {
  const std::uint64_t lengths = std::accumulate(frame.lengths.begin(), frame.lengths.end(), std::uint64_t{0});
  if (frame.sample_size == 0 && lengths != frame.data.size()) __builtin_trap();
  if (frame.sample_size != 0 && frame.samples() * frame.sample_size != frame.data.size()) __builtin_trap();
  if (frame.labels.size() != frame.timestamps.size()) __builtin_trap();
  volatile unsigned sum = 0;
  for (const std::byte byte : frame.data) sum = sum + std::to_integer<unsigned>(byte);
}

void append_behind(const push::LogHeader& log, std::span<const std::byte> frames) {
  const auto& dataset = fuzz::scratch_folder();
  std::filesystem::remove_all(push::pushed_folder(dataset));
  core::create_folders(push::pushed_folder(dataset));
  std::vector<std::byte> file(sizeof(log) + frames.size());
  std::memcpy(file.data(), &log, sizeof(log));
  if (!frames.empty()) std::memcpy(file.data() + sizeof(log), frames.data(), frames.size());
  fuzz::write_file(push::log_file(dataset, 1), file);

  Appender appender(dataset, {.sample_size = log.sample_size});
  const std::vector<std::byte> sample(5, std::byte{1});
  const std::vector<std::uint64_t> lengths{5};
  const std::vector<std::int64_t> labels{3};
  const Batch batch{sample, log.sample_size == 0 ? std::span(lengths) : std::span<const std::uint64_t>(), labels, {}};
  if (appender.append(batch, "fuzz").duplicate) return;
  verify_pushed(dataset);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) repair(std::as_writable_bytes(std::span(data, size)));
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint64_t> words(size / 8 + 1);
  if (size > 0) std::memcpy(words.data(), data, size);
  const auto bytes = std::as_bytes(std::span(words)).first(size);
  const push::LogHeader log = log_of(size);
  for (const push::Frame& frame : push::read_frames(bytes, log, sizeof(log))) use(frame);
  static_cast<void>(push::read_log_header(bytes));
  try {
    append_behind(log, bytes);
  } catch (const Error&) {
  }
  return 0;
}

#include "partition/ledger_frames.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/message.hpp"
#include "modyn/error.hpp"
#include "partition/ledger_columns.hpp"

namespace modyn::partition {
namespace {

template <typename Structure>
Structure structure_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  Structure structure;
  std::memcpy(&structure, bytes.data() + offset, sizeof(structure));
  return structure;
}

template <typename Structure>
void put(std::vector<std::byte>& bytes, std::uint64_t offset, const Structure& structure) {
  std::memcpy(bytes.data() + offset, &structure, sizeof(structure));
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

std::uint64_t expected_payload(const FrameHeader& header) {
  std::uint64_t bytes = 0;
  for (const std::uint8_t width : header.width) bytes += column_bytes(width, header.samples);
  return bytes;
}

// Whether kind, widths, samples and length of the payload belong together.
bool is_well_formed(const FrameHeader& header) {
  const bool no_widths = std::ranges::all_of(header.width, [](std::uint8_t width) { return width == 0; });
  switch (header.kind) {
    case kSamplesFrame:
      return header.samples <= kMaxFrameSamples &&
             std::ranges::all_of(header.width, [](std::uint8_t width) { return width <= kEightBytes; }) &&
             header.payload_bytes == expected_payload(header);
    case kRangesFrame:
      return no_widths && header.payload_bytes % (2 * sizeof(std::uint64_t)) == 0;
    case kTriggerEndFrame:
      return no_widths && header.samples == 0 && header.payload_bytes == 0 && header.parts == 1;
    default:
      return false;
  }
}

}  // namespace

void throw_damaged(const std::filesystem::path& path, std::uint64_t offset, const std::string& what) {
  throw Error(ErrorKind::kCorrupt,
              "ledger " + core::quoted(path) + " is damaged at byte " + core::grouped(offset) + ": " + what);
}

std::vector<std::byte> empty_ledger() {
  LedgerHeader header;
  header.checksum = checksum_of(header);
  LedgerMark mark{.generation = 1, .length = kFirstFrame, .last_frame = header.checksum};
  mark.checksum = checksum_of(mark);
  std::vector<std::byte> bytes(kFirstFrame);
  put(bytes, 0, header);
  put(bytes, kMarkOffsets[mark.generation % 2], mark);
  return bytes;
}

std::uint32_t check_file_header(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  if (bytes.size() < kFirstFrame) {
    throw_damaged(path, bytes.size(), "it ends within its header (cut off, or never a ledger)");
  }
  const auto header = structure_at<LedgerHeader>(bytes, 0);
  if (header.magic != kLedgerMagic || header.checksum != checksum_of(header)) {
    throw_damaged(path, 0, "it does not begin as a ledger");
  }
  if (header.version != kLedgerVersion) {
    throw Error(ErrorKind::kCorrupt, "ledger " + core::quoted(path) + " has format version " +
                                         std::to_string(header.version) + ", this program reads version " +
                                         std::to_string(kLedgerVersion));
  }
  std::uint64_t end = sizeof(LedgerHeader);
  for (const std::uint64_t offset : {kMarkOffsets[0], kMarkOffsets[1], kFirstFrame}) {
    if (!is_zero(bytes.subspan(end, offset - end)))
      throw_damaged(path, end, "the space before byte " + core::grouped(offset) + " is not zero");
    end = offset + sizeof(LedgerMark);
  }
  return header.checksum;
}

LedgerMark newest_mark(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  LedgerMark newest;
  bool is_unused = false;
  for (std::size_t place = 0; place < kMarkOffsets.size(); ++place) {
    const std::uint64_t offset = kMarkOffsets[place];
    const auto mark = structure_at<LedgerMark>(bytes, offset);
    if (is_zero(bytes.subspan(offset, sizeof(LedgerMark)))) {
      is_unused = true;
      continue;
    }
    if (mark.checksum != checksum_of(mark) || mark.generation == 0 || mark.generation % 2 != place) {
      throw_damaged(path, offset, "what it says about its durable length fails its checksum");
    }
    if (mark.generation > newest.generation) newest = mark;
  }
  // Only the first mark has none beside it.
  if (newest.generation == 0 || (is_unused && newest.generation != 1)) {
    throw_damaged(path, kMarkOffsets[1 - newest.generation % 2], "a record of its durable length is missing");
  }
  return newest;
}

FrameHeader frame_header_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  return structure_at<FrameHeader>(bytes, offset);
}

std::span<const std::byte> payload_of(std::span<const std::byte> bytes, std::uint64_t offset) {
  return bytes.subspan(offset + sizeof(FrameHeader), frame_header_at(bytes, offset).payload_bytes);
}

std::optional<std::string> payload_problem(std::span<const std::byte> bytes, std::uint64_t offset) {
  const FrameHeader header = frame_header_at(bytes, offset);
  const auto payload = payload_of(bytes, offset);
  if (core::crc32c(payload) != header.payload_checksum) {
    return "the columns of frame " + core::grouped(header.number) + " fail their checksum";
  }
  if (header.kind != kRangesFrame) return std::nullopt;
  std::uint64_t samples = 0;
  for (std::uint64_t at = 0; at < payload.size(); at += 2 * sizeof(std::uint64_t)) {
    const auto count = structure_at<std::uint64_t>(payload, at + sizeof(std::uint64_t));
    if (count == 0 || count > header.samples - samples)
      return "the ranges of frame " + core::grouped(header.number) + " do not hold its samples";
    samples += count;
  }
  if (samples != header.samples)
    return "the ranges of frame " + core::grouped(header.number) + " do not hold its samples";
  return std::nullopt;
}

std::optional<std::string> FrameDirectory::problem_with(const FrameHeader& header, std::uint64_t room) const {
  if (header.magic != kFrameMagic || header.checksum != checksum_of(header)) {
    return "the header of frame " + core::grouped(std::uint64_t{frames_.size()}) + " fails its checksum";
  }
  if (header.number != frames_.size() || header.previous != last_checksum_) {
    return "frame " + core::grouped(std::uint64_t{frames_.size()}) + " does not follow the frame before it";
  }
  const bool continues = !at_batch_end();
  const bool in_order = continues ? header.part == part_ && header.parts == parts_ && header.batch == batch_
                                  : header.part == 0 && header.parts > 0;
  if (!in_order || header.trigger != ended_triggers() || !is_well_formed(header) ||
      header.samples > std::numeric_limits<std::uint64_t>::max() - samples()) {
    return "the header of frame " + core::grouped(header.number) + " breaks the rules of the format";
  }
  if (header.kind == kRangesFrame && view_ && *view_ != header.base[0]) {
    return "frame " + core::grouped(header.number) + " refers to another view than those before it";
  }
  if (header.payload_bytes > room) return "frame " + core::grouped(header.number) + " is cut off";
  return std::nullopt;
}

std::optional<std::string> FrameDirectory::add(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(FrameHeader)) {
    return "frame " + core::grouped(std::uint64_t{frames_.size()}) + " is cut off";
  }
  const FrameHeader header = frame_header_at(bytes, 0);
  if (auto problem = problem_with(header, bytes.size() - sizeof(FrameHeader))) return problem;
  if (header.kind == kTriggerEndFrame) ends_.push_back(samples());
  frames_.push_back({length_, samples() + header.samples});
  if (header.kind == kRangesFrame) view_ = header.base[0];
  batch_ = header.batch;
  part_ = header.part + 1;
  parts_ = header.parts;
  last_checksum_ = header.checksum;
  length_ += sizeof(FrameHeader) + header.payload_bytes;
  return std::nullopt;
}

std::uint64_t FrameDirectory::samples_before(std::uint32_t trigger) const noexcept {
  if (trigger == 0) return 0;
  return trigger <= ends_.size() ? ends_[trigger - 1] : samples();
}

FrameDirectory read_durable_frames(std::span<const std::byte> bytes, const LedgerMark& mark,
                                   const std::filesystem::path& path) {
  FrameDirectory directory(check_file_header(bytes, path));
  if (mark.length > bytes.size()) {
    throw_damaged(path, bytes.size(), "it ends here; " + core::grouped(mark.length) + " bytes were durable");
  }
  const auto durable = bytes.first(mark.length);
  while (directory.length() < mark.length) {
    if (const auto problem = directory.add(durable.subspan(directory.length())))
      throw_damaged(path, directory.length(), *problem);
  }
  if (directory.length() != mark.length || directory.frames().size() != mark.frames ||
      directory.samples() != mark.samples || directory.last_checksum() != mark.last_frame ||
      !directory.at_batch_end()) {
    throw_damaged(path, mark.length, "its frames are not those that were made durable");
  }
  return directory;
}

std::uint32_t content_of_batch(const FrameHeader& header, std::uint32_t earlier) noexcept {
  const std::array<std::uint64_t, 6> content{header.kind,
                                             header.samples,
                                             static_cast<std::uint64_t>(header.base[0]),
                                             static_cast<std::uint64_t>(header.base[1]),
                                             static_cast<std::uint64_t>(header.base[2]),
                                             header.payload_checksum};
  return core::crc32c(std::as_bytes(std::span(content)), core::crc32c(std::as_bytes(std::span(header.width)), earlier));
}

}  // namespace modyn::partition

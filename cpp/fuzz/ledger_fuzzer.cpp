// Any bytes as the frames of a ledger, behind a header and a mark that are right for them; read, and written on.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/crc32c.hpp"
#include "modyn/error.hpp"
#include "modyn/ledger.hpp"
#include "partition/ledger_frames.hpp"
#include "partition/ledger_layout.hpp"
#include "support/scratch_folder.hpp"
#include "support/small_dataset.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace modyn;

constexpr std::size_t kMostSamples = 5000;

// Where the frames of a ledger end, and what its mark says of them.
struct Frames {
  std::uint64_t bytes = 0;
  partition::LedgerMark mark;
};

// Follows the frames as far as they have checksums that are right.
Frames follow(std::span<const std::byte> bytes, std::uint32_t header_checksum) {
  partition::FrameDirectory directory(header_checksum);
  Frames frames;
  while (!directory.add(bytes.subspan(frames.bytes))) frames.bytes = directory.length() - partition::kFirstFrame;
  frames.mark.generation = 1;
  frames.mark.length = directory.length();
  frames.mark.frames = directory.frames().size();
  frames.mark.samples = directory.samples();
  frames.mark.last_frame = directory.last_checksum();
  frames.mark.checksum = partition::checksum_of(frames.mark);
  return frames;
}

// Gives the frames, as far as they can be followed, the checksums that they would have.
void repair(std::span<std::byte> bytes) {
  const auto empty = partition::empty_ledger();
  std::uint32_t previous = partition::check_file_header(empty, "ledger");
  for (std::uint64_t number = 0; bytes.size() >= sizeof(partition::FrameHeader); ++number) {
    partition::FrameHeader header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    header.magic = partition::kFrameMagic;
    header.number = number;
    header.previous = previous;
    const std::uint64_t room = bytes.size() - sizeof(header);
    header.payload_bytes = std::min(header.payload_bytes % 4096, room) / 8 * 8;
    header.payload_checksum = core::crc32c(bytes.subspan(sizeof(header), header.payload_bytes));
    header.checksum = partition::checksum_of(header);
    previous = header.checksum;
    std::memcpy(bytes.data(), &header, sizeof(header));
    bytes = bytes.subspan(sizeof(header) + header.payload_bytes);
  }
}

void read(const Ledger& ledger) {
  const Sequence all = ledger.all();
  const std::size_t count = std::min<std::uint64_t>(all.size(), kMostSamples);
  std::vector<Key> keys(count);
  all.read(0, count, {.keys = keys});
  all.read(all.size() - count, count, {.keys = keys});
  for (std::uint32_t trigger = 0; trigger <= std::min(ledger.triggers(), 20U); ++trigger) {
    static_cast<void>(ledger.samples(trigger, trigger + 1).size());
  }
}

template <typename Action>
void attempt(const Action& action) {
  try {
    action();
  } catch (const Error&) {
    // The only way to say no.
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) repair(std::as_writable_bytes(std::span(data, mutated)));
  return mutated;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto path = fuzz::scratch_folder() / "ledger";
  const auto bytes = std::as_bytes(std::span(data, size));
  std::vector<std::byte> file = partition::empty_ledger();
  const Frames frames = follow(bytes, partition::check_file_header(file, "ledger"));
  std::memcpy(file.data() + partition::kMarkOffsets[1], &frames.mark, sizeof(frames.mark));
  file.insert(file.end(), bytes.begin(), bytes.end());
  fuzz::write_file(path, file);

  attempt([] { read(*Ledger::open(path, fuzz::small_view())); });
  attempt([] { Ledger::open(path)->verify(); });
  attempt([] {
    LedgerWriter writer(path);
    const std::vector<std::int64_t> column{1, 2, 3};
    static_cast<void>(writer.inform(writer.open_trigger(), 77, column, column, column));
    writer.sync();
    read(*writer.snapshot(fuzz::small_view()));
  });
  return 0;
}

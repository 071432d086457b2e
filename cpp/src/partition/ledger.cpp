#include "modyn/ledger.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "core/message.hpp"
#include "partition/ledger_columns.hpp"
#include "partition/ledger_state.hpp"
#include "partition/training_set_layout.hpp"

namespace modyn {

using partition::FrameHeader;

namespace partition {

std::int64_t fingerprint_of(const View& view) {
  std::array<std::uint64_t, std::tuple_size_v<ViewProperties>> values{};
  std::ranges::transform(describe(view), values.begin(), &ViewProperty::value);
  return core::crc32c(std::as_bytes(std::span(values)));
}

}  // namespace partition

namespace {

// A reader may meet the writer while that writes a mark, which takes microseconds.
partition::LedgerMark settled_mark(const std::filesystem::path& path) {
  const core::Descriptor file = core::open_for_reading(path);
  std::array<std::byte, partition::kFirstFrame> head;
  for (int attempt = 0;; ++attempt) {
    const auto bytes = std::span(head).first(core::read_at(file, 0, head, path));
    static_cast<void>(partition::check_file_header(bytes, path));  // never changes
    try {
      return partition::newest_mark(bytes, path);
    } catch (const Error&) {
      if (attempt == 5) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

}  // namespace

Ledger::State::State(std::filesystem::path file, partition::FrameDirectory frames,
                     std::shared_ptr<const View> of_ranges)
    : path(std::move(file)),
      map(path),
      bytes(map.bytes().first(frames.length())),
      directory(std::move(frames)),
      view(std::move(of_ranges)),
      checked(std::make_unique<std::atomic<bool>[]>(directory.frames().size())) {
  if (!directory.view() || (view && partition::fingerprint_of(*view) == *directory.view())) return;
  throw Error(ErrorKind::kInvalidArgument,
              "ledger " + core::quoted(path) + " holds positions of " +
                  (view ? "another view (other dataset, manifest or order)" : "a view; open it with that view"));
}

std::size_t Ledger::State::frame_of(std::uint64_t index) const {
  const auto frames = directory.frames();
  return static_cast<std::size_t>(std::ranges::upper_bound(frames, index, {}, &partition::FrameDirectory::Frame::end) -
                                  frames.begin());
}

void Ledger::State::check(std::size_t frame) const {
  if (checked[frame].load(std::memory_order_relaxed)) return;
  const std::uint64_t offset = directory.frames()[frame].offset;
  if (const auto problem = partition::payload_problem(bytes, offset)) {
    partition::throw_damaged(path, offset + sizeof(FrameHeader), *problem);
  }
  checked[frame].store(true, std::memory_order_relaxed);
}

void Ledger::State::read_columns(const FrameHeader& header, std::span<const std::byte> payload, std::uint64_t first,
                                 std::uint64_t count, const SampleColumns& out) const {
  const std::array<std::span<std::int64_t>, partition::kLedgerColumns> wanted{out.keys, out.timestamps, out.labels};
  std::uint64_t at = 0;
  for (std::size_t column = 0; column < wanted.size(); ++column) {
    if (!wanted[column].empty()) {
      partition::EncodedColumn(header.width[column], header.base[column], payload.data() + at)
          .read(first, wanted[column].first(count));
    }
    at += partition::column_bytes(header.width[column], header.samples);
  }
  std::ranges::fill(out.weights, 1.0F);
}

std::vector<Range> Ledger::State::ranges_of(std::size_t frame, std::uint64_t first, std::uint64_t count) const {
  const auto payload = partition::payload_of(bytes, directory.frames()[frame].offset);
  std::vector<Range> ranges;
  for (std::size_t at = 0; at < payload.size() && count > 0; at += sizeof(Range)) {
    Range range{};
    std::memcpy(&range, payload.data() + at, sizeof(range));
    if (range.count <= first) {
      first -= range.count;
      continue;
    }
    const std::uint64_t part = std::min(range.count - first, count);
    ranges.push_back({range.first + first, part});
    count -= part;
    first = 0;
  }
  return ranges;
}

void Ledger::State::read_frame(std::size_t frame, std::uint64_t first, std::uint64_t count,
                               const SampleColumns& out) const {
  check(frame);
  const std::uint64_t offset = directory.frames()[frame].offset;
  const FrameHeader header = partition::frame_header_at(bytes, offset);
  if (header.kind == partition::kSamplesFrame) {
    read_columns(header, partition::payload_of(bytes, offset), first, count, out);
    return;
  }
  Sequence::of_ranges(view, ranges_of(frame, first, count)).read(0, count, out);
}

void Ledger::State::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  const auto frames = directory.frames();
  std::uint64_t at = 0;
  for (std::size_t frame = frame_of(first); at < count; ++frame) {
    const std::uint64_t part = std::min(frames[frame].end - first - at, count - at);
    if (part > 0) read_frame(frame, first + at - begin_of(frame), part, out.subspan(at, part));
    at += part;
  }
}

void Ledger::State::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  std::size_t frame = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    // The last frame serves again if it can: what is asked for together often lies together.
    if (i == 0 || indices[i] < begin_of(frame) || indices[i] >= directory.frames()[frame].end) {
      frame = frame_of(indices[i]);
    }
    read_frame(frame, indices[i] - begin_of(frame), 1, out.subspan(i, 1));
  }
}

bool Ledger::State::append_ranges(const View& of, std::uint64_t first, std::uint64_t count,
                                  std::vector<Range>& ranges) const {
  if (&of != view.get()) return false;
  const auto frames = directory.frames();
  std::uint64_t at = 0;
  for (std::size_t frame = frame_of(first); at < count; ++frame) {
    const std::uint64_t part = std::min(frames[frame].end - first - at, count - at);
    if (part == 0) continue;
    if (partition::frame_header_at(bytes, frames[frame].offset).kind != partition::kRangesFrame) return false;
    check(frame);
    const auto found = ranges_of(frame, first + at - begin_of(frame), part);
    ranges.insert(ranges.end(), found.begin(), found.end());
    at += part;
  }
  return true;
}

std::shared_ptr<const Ledger> Ledger::open(const std::filesystem::path& path, std::shared_ptr<const View> view) {
  const partition::LedgerMark mark = settled_mark(path);
  const core::MappedFile map(path);
  auto directory = partition::read_durable_frames(map.bytes(), mark, path);
  auto state = std::make_shared<State>(path, std::move(directory), std::move(view));
  return std::shared_ptr<const Ledger>(new Ledger(std::move(state)));
}

std::uint32_t Ledger::triggers() const noexcept { return state_->directory.ended_triggers(); }
std::uint64_t Ledger::size() const noexcept { return state_->size(); }

Sequence Ledger::all() const { return Sequence(state_); }

Sequence Ledger::samples(std::uint32_t first, std::uint32_t end) const {
  const std::uint64_t begin = state_->directory.samples_before(first);
  const std::uint64_t finish = std::max(begin, state_->directory.samples_before(end));
  const Sequence window = all().slice(begin, finish - begin);
  // Ranges alone are quicker to read at random without the frames.
  auto ranges = state_->view ? window.ranges(*state_->view) : std::nullopt;
  return ranges ? Sequence::of_ranges(state_->view, *std::move(ranges)) : window;
}

void Ledger::verify() const {
  for (std::size_t frame = 0; frame < state_->directory.frames().size(); ++frame) state_->check(frame);
}

}  // namespace modyn

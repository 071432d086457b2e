// What a ledger holds when it is open: its bytes, its frames, and which of them were checked.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "core/file.hpp"
#include "modyn/ledger.hpp"
#include "partition/ledger_frames.hpp"

namespace modyn {

struct Ledger::State final : SampleSource {
  // Of a file whose first directory.length() bytes will not change. kInvalidArgument if ranges are of another view.
  State(std::filesystem::path file, partition::FrameDirectory frames, std::shared_ptr<const View> of_ranges);

  [[nodiscard]] std::uint64_t size() const noexcept override { return directory.samples(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override;
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override;
  [[nodiscard]] bool append_ranges(const View& of, std::uint64_t first, std::uint64_t count,
                                   std::vector<Range>& ranges) const override;

  // The frame that holds sample `index`.
  [[nodiscard]] std::size_t frame_of(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t begin_of(std::size_t frame) const {
    return frame == 0 ? 0 : directory.frames()[frame - 1].end;
  }
  // Checks the payload, once.
  void check(std::size_t frame) const;
  // Samples [first, first + count) of a frame.
  void read_frame(std::size_t frame, std::uint64_t first, std::uint64_t count, const SampleColumns& out) const;
  void read_columns(const partition::FrameHeader& header, std::span<const std::byte> payload, std::uint64_t first,
                    std::uint64_t count, const SampleColumns& out) const;
  // The ranges of positions that samples [first, first + count) of a frame are.
  [[nodiscard]] std::vector<Range> ranges_of(std::size_t frame, std::uint64_t first, std::uint64_t count) const;

  std::filesystem::path path;
  core::MappedFile map;
  std::span<const std::byte> bytes;
  partition::FrameDirectory directory;
  std::shared_ptr<const View> view;
  // One flag for each frame whose payload was checked. Two threads may check the same one at the same time,
  // which costs time and nothing else.
  std::unique_ptr<std::atomic<bool>[]> checked;
};

namespace partition {

// Stands for a view in the frames that refer to it.
[[nodiscard]] std::int64_t fingerprint_of(const View& view);

}  // namespace partition
}  // namespace modyn

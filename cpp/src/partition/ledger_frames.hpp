// Reads the structure of a ledger out of its bytes. Nothing here touches a file, so all of it can be fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "partition/ledger_layout.hpp"

namespace modyn::partition {

// kCorrupt: "ledger '<path>' is damaged at byte <offset>: <what>".
[[noreturn]] void throw_damaged(const std::filesystem::path& path, std::uint64_t offset, const std::string& what);

// A new file's bytes: the header and the first mark, without frames.
[[nodiscard]] std::vector<std::byte> empty_ledger();
// Checks everything before the frames but the marks; returns the header's checksum. kCorrupt.
[[nodiscard]] std::uint32_t check_file_header(std::span<const std::byte> bytes, const std::filesystem::path& path);
// The newest of the marks in the first kFirstFrame bytes. kCorrupt if a mark is neither valid nor unused.
[[nodiscard]] LedgerMark newest_mark(std::span<const std::byte> bytes, const std::filesystem::path& path);

// The frames of a ledger: where they are and which samples they hold.
class FrameDirectory {
 public:
  struct Frame {
    std::uint64_t offset;  // of its header
    std::uint64_t end;     // samples up to and with this frame
  };

  explicit FrameDirectory(std::uint32_t header_checksum) : last_checksum_(header_checksum) {}

  // Takes the frame that `bytes` (the file from length() on, as far as it goes) begin with, if it is whole and
  // may stand there. Else returns what is wrong, and changes nothing. Payloads are not looked at.
  [[nodiscard]] std::optional<std::string> add(std::span<const std::byte> bytes);

  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  [[nodiscard]] std::uint32_t last_checksum() const noexcept { return last_checksum_; }
  [[nodiscard]] std::span<const Frame> frames() const noexcept { return frames_; }
  [[nodiscard]] std::uint64_t samples() const noexcept { return frames_.empty() ? 0 : frames_.back().end; }
  [[nodiscard]] std::uint32_t ended_triggers() const noexcept { return static_cast<std::uint32_t>(ends_.size()); }
  // Samples of all triggers before this one; all samples for those behind the open one.
  [[nodiscard]] std::uint64_t samples_before(std::uint32_t trigger) const noexcept;
  // Whether the last batch is complete.
  [[nodiscard]] bool at_batch_end() const noexcept { return part_ == parts_; }
  // The fingerprint of the view that ranges refer to, if there are any.
  [[nodiscard]] const std::optional<std::int64_t>& view() const noexcept { return view_; }

 private:
  [[nodiscard]] std::optional<std::string> problem_with(const FrameHeader& header, std::uint64_t room) const;

  std::uint64_t length_ = kFirstFrame;
  std::uint32_t last_checksum_;
  std::vector<Frame> frames_;
  std::vector<std::uint64_t> ends_;  // samples up to the end of each ended trigger
  // The batch of the last frame.
  std::uint64_t batch_ = 0;
  std::uint32_t part_ = 0;  // parts seen
  std::uint32_t parts_ = 0;
  std::optional<std::int64_t> view_;
};

[[nodiscard]] FrameHeader frame_header_at(std::span<const std::byte> bytes, std::uint64_t offset);
[[nodiscard]] std::span<const std::byte> payload_of(std::span<const std::byte> bytes, std::uint64_t offset);
// Whether the payload is what its header says: its checksum, and ranges that hold as many samples.
[[nodiscard]] std::optional<std::string> payload_problem(std::span<const std::byte> bytes, std::uint64_t offset);

// The durable part of a ledger: what its newest mark says, which must be so. kCorrupt.
[[nodiscard]] FrameDirectory read_durable_frames(std::span<const std::byte> bytes, const LedgerMark& mark,
                                                 const std::filesystem::path& path);

// What is the same for equal contents of a batch: folds a frame into what its earlier frames gave.
[[nodiscard]] std::uint32_t content_of_batch(const FrameHeader& header, std::uint32_t earlier) noexcept;

}  // namespace modyn::partition

// Ledger: what each trigger of a pipeline saw.
//
// A ledger is one append-only file of checksummed frames. Samples that a remote client informs are stored as
// columns (key, timestamp, label) in the narrowest widths that fit; what a replay sees is ranges of positions
// of its pinned view, a few bytes however many samples they are. Samples belong to the trigger that is open
// when they are informed; triggers count from 0 without gaps. Their order is the order of informing.
//
// One writer at a time, any number of readers. A reader sees what was durable when it opened. What a killed
// writer left unfinished lies behind the last synced length, which the file records, and the next writer
// cuts it off; a wrong byte before that length is an error that names file and offset, never a shorter
// ledger. docs/formats.md describes the bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "modyn/index.hpp"
#include "modyn/partition.hpp"
#include "modyn/sequence.hpp"

namespace modyn {

// A ledger as it was at one moment. Immutable and thread-safe.
class Ledger {
 public:
  // Everything that was durable. `view`: the one that ranges refer to; nullptr if there are none. All frame headers are
  // checked now, and the columns of a frame when they are first read.
  // kIo if there is no such file, kCorrupt if a check fails, kInvalidArgument if there are ranges of another view.
  static std::shared_ptr<const Ledger> open(const std::filesystem::path& path,
                                            std::shared_ptr<const View> view = nullptr);

  // Triggers that have ended; one more may be open.
  [[nodiscard]] std::uint32_t triggers() const noexcept;
  // Samples of all triggers, the open one included.
  [[nodiscard]] std::uint64_t size() const noexcept;
  // What the triggers [first, end) saw, the open one included if it lies among them. Nothing for triggers
  // that are not there.
  [[nodiscard]] Sequence samples(std::uint32_t first, std::uint32_t end) const;
  [[nodiscard]] Sequence all() const;

  // Checks every frame.
  void verify() const;

 private:
  friend class LedgerWriter;
  struct State;
  explicit Ledger(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Appends to a ledger. Thread-safe.
class LedgerWriter {
 public:
  // Opens the ledger at `path`, or creates it. Cuts off what a killed writer left unfinished. kConflict if
  // somebody else writes to it for `lock_timeout_s` seconds; kCorrupt as for Ledger::open.
  explicit LedgerWriter(const std::filesystem::path& path, double lock_timeout_s = 10.0);
  ~LedgerWriter();
  LedgerWriter(const LedgerWriter&) = delete;
  LedgerWriter& operator=(const LedgerWriter&) = delete;

  // The trigger that samples belong to now: the number of triggers that have ended.
  [[nodiscard]] std::uint32_t open_trigger() const;
  [[nodiscard]] std::uint64_t size() const;
  // Bytes that were cut off when it was opened.
  [[nodiscard]] std::uint64_t cut_bytes() const noexcept;

  // Adds a batch, wholly or not at all. `batch` is the caller's number for it, unique within the trigger:
  // returns false, and changes nothing, if the batch is there already, so that a caller who got no answer
  // may send it again, even after the trigger has ended. Seen by snapshots at once, durable after sync().
  // kInvalidArgument if the columns differ in length or the trigger is not the open one; kConflict if the
  // trigger has another batch with this number.
  bool inform(std::uint32_t trigger, std::uint64_t batch, std::span<const Key> keys,
              std::span<const Timestamp> timestamps, std::span<const std::int64_t> labels);
  // The same with positions of a view. All ranges of a ledger are of one view. kInvalidArgument beyond it.
  bool inform_ranges(std::uint32_t trigger, std::uint64_t batch, const View& view, std::span<const Range> ranges);

  // Ends the open trigger, durably with all before. Returns false if it has ended already.
  // kInvalidArgument for a trigger that is not open yet.
  bool end_trigger(std::uint32_t trigger);
  // Makes everything durable and visible to readers.
  void sync();

  // The ledger as it is now, synced or not.
  [[nodiscard]] std::shared_ptr<const Ledger> snapshot(std::shared_ptr<const View> view = nullptr) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace modyn

// A run of batch ids: those of consecutive batches of a dataset, sorted by hash, in one column file.
//
// Runs are derived from the logs and never needed to read samples; without them the logs are read again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modyn/column_file.hpp"
#include "push/end_mark.hpp"

namespace modyn::push {

// 128 bits that stand for a batch id.
struct BatchId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const BatchId&, const BatchId&) = default;
};
[[nodiscard]] BatchId hash_of(std::string_view batch_id);

struct KnownBatch {
  BatchId id;
  std::uint64_t digest = 0;  // of the batch's content
};

// The batches [first, end) of a dataset.
struct RunRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t size() const noexcept { return end - first; }
  friend bool operator==(const RunRange&, const RunRange&) = default;
};

// batches/00000000000000000000-00000000000000065536.batches
[[nodiscard]] std::string run_name(const RunRange& range);
[[nodiscard]] std::optional<RunRange> parse_run_name(std::string_view name);

class BatchRun {
 public:
  // kCorrupt if it is damaged, or not the run that its name says.
  explicit BatchRun(const std::filesystem::path& path);

  [[nodiscard]] const RunRange& range() const noexcept { return range_; }
  // Behind its last batch.
  [[nodiscard]] const LogEnd& end() const noexcept { return end_; }

  // The digest of the batch with this id, if it is one of the run's.
  [[nodiscard]] std::optional<std::uint64_t> find(const BatchId& id) const;
  // In the order of the ids. `at` must be below range().size().
  [[nodiscard]] KnownBatch operator[](std::uint64_t at) const;

 private:
  std::shared_ptr<const ColumnFile> file_;
  RunRange range_;
  LogEnd end_;
  Column<std::uint64_t> high_;
  Column<std::uint64_t> low_;
  Column<std::uint64_t> digest_;
};

// Writes the batches of `runs`, which follow each other, and those of `sorted`, which follow them, as one run.
// Nothing happens if it exists.
void write_run(const std::filesystem::path& folder, std::span<const std::shared_ptr<const BatchRun>> runs,
               std::span<const KnownBatch> sorted, const LogEnd& end);

}  // namespace modyn::push

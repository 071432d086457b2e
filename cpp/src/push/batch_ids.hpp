// The batch ids that a dataset has seen: sorted runs in mapped files, and the newest in memory.
//
// Opening costs the reading of the runs' names and of the batches since the last run, which are those
// of one log at most. Runs are merged when the next is a quarter as large, so there are few of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "push/batch_run.hpp"
#include "push/log_set.hpp"

namespace modyn::push {

class BatchIds {
 public:
  // Opens the runs in the dataset's folder.
  explicit BatchIds(const std::filesystem::path& dataset);

  // Reads from the logs what was appended since. For the holder of the lock. kCorrupt for damage.
  void catch_up(const LogSet& logs);
  // What the caller appended himself.
  void add(std::span<const KnownBatch> batches, const LogEnd& end);

  [[nodiscard]] std::optional<std::uint64_t> find(const BatchId& id) const;

  // Batches of the dataset that are in runs, from the first on, as far as they were open.
  [[nodiscard]] std::uint64_t written() const noexcept { return runs_.empty() ? 0 : runs_.back()->range().end; }
  // Batches in memory only.
  [[nodiscard]] std::uint64_t unwritten() const noexcept { return recent_.size(); }
  // Writes them to a run and merges runs. For the holder of the lock.
  void write(const LogSet& logs);

 private:
  struct HashOfId {
    std::size_t operator()(const BatchId& id) const noexcept { return static_cast<std::size_t>(id.high ^ id.low); }
  };

  void open_runs();
  void read_log(std::uint64_t number, std::uint64_t end);
  [[nodiscard]] std::uint64_t end_before(std::uint64_t number) const;
  void remove_others() const;

  std::filesystem::path dataset_;
  std::vector<std::shared_ptr<const BatchRun>> runs_;  // one after the other from batch 0 on
  std::unordered_map<BatchId, std::uint64_t, HashOfId> recent_;
  LogEnd end_;  // behind the last batch that is known
};

}  // namespace modyn::push

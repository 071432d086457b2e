// The collector of logs: of which everything that was pushed to them is deleted, for everybody who may still ask.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/dataset_writer.hpp"
#include "index/index_state.hpp"
#include "index/retirement.hpp"
#include "modyn/push.hpp"
#include "push/batch_ids.hpp"
#include "push/log_set.hpp"
#include "push/pushed_folder.hpp"

namespace modyn {
namespace {

// The file of an index that is this log.
std::optional<std::uint32_t> file_of(const Index& index, std::string_view path) {
  for (const auto& segment : index.state().segments) {
    if (!segment->files().owned.present()) continue;
    for (std::uint32_t row = 0; row < segment->entry().files; ++row) {
      if (segment->files().owned[row] != 0 && segment->path(row) == path) return segment->entry().first_file + row;
    }
  }
  return std::nullopt;
}

// Batches up to the end of this log: what the next one begins with.
std::uint64_t batches_up_to(const std::filesystem::path& dataset, const PushedLog& log) {
  const auto path = push::log_file(dataset, log.number + 1);
  return push::load_log_header(core::open_for_reading(path), path, log.number + 1).first_batch;
}

// All manifests that are there, the newest first: that one rules out most.
class Manifests {
 public:
  explicit Manifests(const std::filesystem::path& dataset)
      : dataset_(dataset), numbers_(index::manifest_numbers(dataset)) {
    std::ranges::reverse(numbers_);
  }

  [[nodiscard]] bool need(const PushedLog& log) {
    for (std::size_t at = 0; at < numbers_.size(); ++at) {
      const Index& index = open(at);
      const auto file = file_of(index, log.path);
      const bool is_newest = at == 0;
      // What the newest does not know whole is still to be sealed; an older one does not need what it does not know.
      if (is_newest && (!file || index.source_file(*file).ingested_bytes < log.end)) return true;
      if (file && !index::is_wholly_deleted(index, *file)) return true;
    }
    return numbers_.empty();
  }

 private:
  const Index& open(std::size_t at) {
    if (at == opened_.size()) opened_.push_back(Index::open(dataset_, numbers_[at]));
    return *opened_[at];
  }

  std::filesystem::path dataset_;
  std::vector<std::uint64_t> numbers_;
  std::vector<std::shared_ptr<const Index>> opened_;
};

}  // namespace

CollectedLogs collect_logs(const std::filesystem::path& dataset, double lock_timeout_s) {
  CollectedLogs collected;
  // Who publishes manifests waits: a scan that seals, above all.
  const index::DatasetWriter writer(dataset, lock_timeout_s);
  std::vector<PushedLog> logs = pushed_logs(dataset, lock_timeout_s);
  if (logs.size() < 2) return collected;
  logs.pop_back();
  Manifests manifests(dataset);
  const std::uint64_t known_batches = push::BatchIds(dataset).written();
  for (const PushedLog& log : logs) {
    if (batches_up_to(dataset, log) > known_batches || manifests.need(log)) break;
    std::error_code error;
    std::filesystem::remove(dataset / log.path, error);
    if (error) core::throw_system_error("remove", dataset / log.path, error.value());
    ++collected.logs;
    collected.bytes += log.end;
  }
  if (collected.logs > 0) core::sync_folder(push::pushed_folder(dataset));
  return collected;
}

}  // namespace modyn

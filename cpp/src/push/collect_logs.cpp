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
#include "push/turn_lock.hpp"

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

bool needs(const Index& index, const PushedLog& log) {
  const auto file = file_of(index, log.path);
  return file && !index::is_wholly_deleted(index, *file);
}

// All manifests that are there.
class Manifests {
 public:
  explicit Manifests(const std::filesystem::path& dataset)
      : dataset_(dataset), newest_(Index::open(dataset)), older_(index::manifest_numbers(dataset)) {
    std::erase(older_, newest_->summary().manifest);
  }

  // An older one does not need what it does not know; what the newest does not know whole is still to be sealed.
  // The older ones are opened one at a time, there may be thousands, and the oldest first: it is the likeliest to have
  // samples that the newest has not.
  [[nodiscard]] bool need(const PushedLog& log) const {
    const auto file = file_of(*newest_, log.path);
    if (!file || newest_->source_file(*file).ingested_bytes < log.end || needs(*newest_, log)) return true;
    return std::ranges::any_of(older_,
                               [&](std::uint64_t number) { return needs(*Index::open(dataset_, number), log); });
  }

 private:
  std::filesystem::path dataset_;
  std::shared_ptr<const Index> newest_;
  std::vector<std::uint64_t> older_;
};

// Batches whose ids are in runs. An appender may be merging them: it holds the lock while it does.
std::uint64_t known_batches(const std::filesystem::path& dataset, double lock_timeout_s) {
  push::TurnLock lock(push::lock_file(dataset), push::turn_file(dataset));
  lock.acquire(lock_timeout_s);
  return push::BatchIds(dataset).written();
}

}  // namespace

CollectedLogs collect_logs(const std::filesystem::path& dataset, double lock_timeout_s) {
  CollectedLogs collected;
  // Who publishes manifests waits: a scan that seals, above all.
  const index::DatasetWriter writer(dataset, lock_timeout_s);
  std::vector<PushedLog> logs = pushed_logs(dataset, lock_timeout_s);
  if (logs.size() < 2) return collected;
  logs.pop_back();
  const Manifests manifests(dataset);
  const std::uint64_t batches = known_batches(dataset, lock_timeout_s);
  for (const PushedLog& log : logs) {
    if (batches_up_to(dataset, log) > batches || manifests.need(log)) break;
    std::error_code error;
    std::filesystem::remove(dataset / log.path, error);
    if (error) core::throw_system_error("remove", dataset / log.path, error.value());
    core::sync_folder(push::pushed_folder(dataset));  // each: a log may be missing only if those before it are
    ++collected.logs;
    collected.bytes += log.end;
  }
  return collected;
}

}  // namespace modyn

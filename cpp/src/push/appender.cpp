#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include <unistd.h>

#include "core/message.hpp"
#include "core/random_id.hpp"
#include "modyn/error.hpp"
#include "modyn/push.hpp"
#include "push/batch_check.hpp"
#include "push/batch_ids.hpp"
#include "push/group_commit.hpp"
#include "push/log_set.hpp"
#include "push/log_writer.hpp"
#include "push/pushed_folder.hpp"
#include "push/turn_lock.hpp"

namespace modyn {
namespace push {
namespace {

constexpr std::size_t kGroupBytes = std::size_t{64} << 20U;
// Batches are written to a run when so many are in memory only.
constexpr std::uint64_t kUnwrittenBatches = std::uint64_t{1} << 16U;

struct AppendRequest : Request {
  BatchContent content;
  std::string_view batch_id;
  bool duplicate = false;
  bool log_is_full = false;

  [[nodiscard]] BatchId id() const { return {content.entry.id_high, content.entry.id_low}; }
};

Timestamp now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void check_sample_size(const LogSet& logs, std::uint64_t sample_size) {
  if (logs.newest() == nullptr || logs.newest()->header.sample_size == sample_size) return;
  const auto size = [](std::uint64_t bytes) {
    return bytes == 0 ? std::string("any length") : core::grouped(bytes) + " bytes";
  };
  throw Error(ErrorKind::kInvalidArgument, "append: log " + core::quoted(logs.newest()->path) + " holds samples of " +
                                               size(logs.newest()->header.sample_size) + ", not of " +
                                               size(sample_size));
}

// Gives the lock back whatever happens.
class Locked {
 public:
  Locked(TurnLock& lock, double timeout_s) : lock_(lock), is_same_folder_(lock.acquire(timeout_s)) {}
  ~Locked() { lock_.release(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  [[nodiscard]] bool is_same_folder() const noexcept { return is_same_folder_; }

 private:
  TurnLock& lock_;
  bool is_same_folder_;
};

}  // namespace
}  // namespace push

struct Appender::State {
  State(std::filesystem::path dataset_folder, const PushOptions& push_options)
      : dataset(std::move(dataset_folder)),
        options(push_options),
        lock(push::lock_file(dataset), push::turn_file(dataset)),
        commit([this](std::span<push::Request* const> group) { append(group); }, [this] { rest(); },
               push::kGroupBytes) {
    const push::Locked locked(lock, options.lock_timeout_s);
    open();
    known_log = logs->end().log;
  }

  // What is known of the folder, learned anew. For the holder of the lock.
  void open() {
    ids.reset();
    logs.emplace(dataset);
    logs->refresh();
    push::check_sample_size(*logs, options.sample_size);
    ids.emplace(dataset);
    ids->catch_up(*logs);
  }

  void append(std::span<push::Request* const> group);
  void write(std::span<push::AppendRequest* const> fresh);
  void rest() noexcept;

  std::filesystem::path dataset;
  PushOptions options;
  pid_t process = ::getpid();
  push::TurnLock lock;
  std::optional<push::LogSet> logs;
  std::optional<push::BatchIds> ids;
  std::uint64_t known_log = 0;  // the newest one, when rest() looked last
  push::LogWriter writer;
  push::GroupCommit commit;
};

void Appender::State::append(std::span<push::Request* const> group) {
  const push::Locked locked(lock, options.lock_timeout_s);
  if (!locked.is_same_folder() || !ids) open();
  logs->refresh();
  ids->catch_up(*logs);

  std::vector<push::AppendRequest*> fresh;
  std::map<push::BatchId, std::uint64_t> digests;
  for (push::Request* waiting : group) {
    auto& request = static_cast<push::AppendRequest&>(*waiting);
    auto digest = ids->find(request.id());
    if (!digest) {
      const auto [place, is_new] = digests.emplace(request.id(), request.content.entry.digest);
      if (is_new) {
        fresh.push_back(&request);
        continue;
      }
      digest = place->second;
    }
    if (*digest == request.content.entry.digest) {
      request.duplicate = true;
    } else {
      request.error = std::make_exception_ptr(
          Error(ErrorKind::kConflict, "append: batch id " + core::quoted(request.batch_id) +
                                          " was used before for other samples, labels or timestamps"));
    }
  }
  if (!fresh.empty()) write(fresh);
}

void Appender::State::write(std::span<push::AppendRequest* const> fresh) {
  const bool is_full = logs->newest() != nullptr && logs->end().offset >= options.log_bytes;
  if (logs->newest() == nullptr || is_full) logs->begin_log(options.sample_size);
  std::vector<push::BatchContent> contents;
  std::vector<push::KnownBatch> known;
  for (const push::AppendRequest* request : fresh) {
    contents.push_back(request->content);
    known.push_back({request->id(), request->content.entry.digest});
  }
  logs->announce_write();
  push::LogEnd end;
  try {
    end = writer.write(*logs->newest(), logs->end(), contents);
  } catch (...) {
    logs->abandon_write();
    throw;
  }
  ids->add(known, end);
  logs->commit_write(end);
  fresh.front()->log_is_full = is_full;
}

// Keeps few batches in memory only, and those of one log at most: the next process that opens the dataset reads them.
void Appender::State::rest() noexcept {
  if (!logs || !ids) return;
  const std::uint64_t log = logs->end().log;
  const bool log_is_new = std::exchange(known_log, log) != log;
  if (ids->unwritten() < push::kUnwrittenBatches && !log_is_new) return;
  try {
    const push::Locked locked(lock, options.lock_timeout_s);
    logs->refresh();
    ids->write(*logs);
  } catch (const std::exception&) {
    // Nothing is lost: they are in the logs. A later group tries again.
  }
}

Appender::Appender(const std::filesystem::path& dataset, const PushOptions& options) {
  if (options.sample_size > push::kMaxSampleBytes) {
    throw Error(ErrorKind::kInvalidArgument,
                "sample_size is " + core::grouped(options.sample_size) + ", must be below 4 GiB");
  }
  core::create_folders(push::pushed_folder(dataset));
  state_ = std::make_unique<State>(dataset, options);
}

Appender::~Appender() = default;

AppendReceipt Appender::append(const Batch& batch, std::string_view batch_id) {
  if (state_->process != ::getpid()) {
    throw Error(ErrorKind::kInvalidArgument,
                "append: this appender belongs to the process that forked this one; open another");
  }
  push::check_batch(batch, state_->options.sample_size);
  AppendReceipt receipt{.batch_id = std::string(batch_id), .samples = batch.labels.size()};
  if (batch_id.data() == nullptr) receipt.batch_id = core::hexadecimal(core::random_id());
  push::check_batch_id(receipt.batch_id);

  push::AppendRequest request;
  request.batch_id = receipt.batch_id;
  const push::BatchId id = push::hash_of(receipt.batch_id);
  request.content = {{id.high, id.low, push::digest_of(batch), receipt.samples},
                     batch.data,
                     batch.lengths,
                     batch.labels,
                     batch.timestamps,
                     push::now()};
  request.bytes = batch.data.size() + batch.labels.size() * 24;
  state_->commit.run(request);
  receipt.duplicate = request.duplicate;
  receipt.log_is_full = request.log_is_full;
  return receipt;
}

}  // namespace modyn

#include <cerrno>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "core/folder_lock.hpp"
#include "core/message.hpp"
#include "core/publish.hpp"
#include "modyn/ledger.hpp"
#include "partition/ledger_batch.hpp"
#include "partition/ledger_state.hpp"

namespace modyn {

using partition::FrameDirectory;
using partition::FrameHeader;

namespace {

std::filesystem::path lock_of(const std::filesystem::path& path) {
  std::filesystem::path lock = path;
  lock += ".lock";
  return lock;
}

core::Descriptor open_or_create(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    core::TemporaryFile file(path);
    file.write(partition::empty_ledger());
    file.publish_new();
  }
  core::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) core::throw_system_error("open", path, errno);
  return file;
}

// Behind the durable length nothing was promised: frames are kept up to the first that is not whole and
// intact, or to the beginning of a batch that misses a part. Returns that length.
std::uint64_t intact_length(std::span<const std::byte> bytes, FrameDirectory directory) {
  std::uint64_t intact = directory.length();
  while (true) {
    const std::uint64_t offset = directory.length();
    if (directory.add(bytes.subspan(offset)) || partition::payload_problem(bytes, offset)) return intact;
    if (directory.at_batch_end()) intact = directory.length();
  }
}

}  // namespace

struct LedgerWriter::State {
  State(std::filesystem::path file_path, double lock_timeout_s);

  void remember_batches(std::span<const std::byte> bytes);
  // Writes what `frames` holds, unless the batch is there already.
  bool append_batch(std::uint32_t trigger, std::uint64_t batch);
  void append_frames();
  void check_usable() const;
  void sync();
  [[noreturn]] void refuse(const std::string& what, ErrorKind kind = ErrorKind::kInvalidArgument) const;

  std::filesystem::path path;
  core::FolderLock lock;
  core::Descriptor file;
  std::uint64_t cut_bytes = 0;
  mutable std::mutex mutex;
  // The rest is guarded by the mutex.
  FrameDirectory directory{0};
  partition::LedgerMark mark;
  bool is_broken = false;  // a write failed that could not be taken back
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> batches;  // content of (trigger, batch)
  partition::BatchFrames frames;
};

LedgerWriter::State::State(std::filesystem::path file_path, double lock_timeout_s)
    : path(std::move(file_path)), lock(lock_of(path), lock_timeout_s), file(open_or_create(path)) {
  std::uint64_t length = 0;
  {
    const core::MappedFile map(path);
    static_cast<void>(partition::check_file_header(map.bytes(), path));
    mark = partition::newest_mark(map.bytes(), path);
    directory = partition::read_durable_frames(map.bytes(), mark, path);
    length = intact_length(map.bytes(), directory);
    while (directory.length() < length) {
      if (const auto problem = directory.add(map.bytes().subspan(directory.length()))) refuse(*problem);
    }
    cut_bytes = map.bytes().size() - length;
    remember_batches(map.bytes());
  }
  if (cut_bytes > 0 && ::ftruncate(file.number(), static_cast<off_t>(length)) != 0) {
    core::throw_system_error("cut off the end of", path, errno);
  }
  if (length != mark.length) sync();
}

void LedgerWriter::State::refuse(const std::string& what, ErrorKind kind) const {
  throw Error(kind, "ledger " + core::quoted(path) + ": " + what);
}

void LedgerWriter::State::remember_batches(std::span<const std::byte> bytes) {
  for (const FrameDirectory::Frame& frame : directory.frames()) {
    const FrameHeader header = partition::frame_header_at(bytes, frame.offset);
    if (header.kind == partition::kTriggerEndFrame) continue;
    std::uint32_t& content = batches[{header.trigger, header.batch}];
    content = partition::content_of_batch(header, header.part == 0 ? 0 : content);
  }
}

bool LedgerWriter::State::append_batch(std::uint32_t trigger, std::uint64_t batch) {
  const auto known = batches.find({trigger, batch});
  if (known != batches.end()) {
    if (known->second == frames.content()) return false;
    refuse(
        "trigger " + std::to_string(trigger) + " has a batch " + core::grouped(batch) + " with other samples already",
        ErrorKind::kConflict);
  }
  if (trigger != directory.ended_triggers()) {
    refuse("samples for trigger " + std::to_string(trigger) + ", but trigger " +
           std::to_string(directory.ended_triggers()) + " is the open one");
  }
  append_frames();
  batches.emplace(std::pair(trigger, batch), frames.content());
  return true;
}

void LedgerWriter::State::append_frames() {
  check_usable();
  if (frames.samples() > std::numeric_limits<std::uint64_t>::max() - directory.samples()) {
    refuse("it holds " + core::grouped(directory.samples()) + " samples already, and more cannot be counted",
           ErrorKind::kCorrupt);
  }
  const auto bytes = frames.link(directory);
  try {
    core::write_at(file, directory.length(), bytes, path);
  } catch (const Error&) {
    is_broken = ::ftruncate(file.number(), static_cast<off_t>(directory.length())) != 0;
    throw;
  }
  frames.enter(directory);
}

void LedgerWriter::State::check_usable() const {
  if (is_broken) refuse("an earlier write failed; open the ledger again to go on from what is intact", ErrorKind::kIo);
}

void LedgerWriter::State::sync() {
  if (directory.length() == mark.length) return;
  check_usable();
  is_broken = true;  // until it has worked: what a failed flush lost, the next one would not report
  core::sync_file(file, path);
  partition::LedgerMark next{.generation = mark.generation + 1,
                             .length = directory.length(),
                             .frames = directory.frames().size(),
                             .samples = directory.samples(),
                             .last_frame = directory.last_checksum()};
  next.checksum = partition::checksum_of(next);
  core::write_at(file, partition::kMarkOffsets[next.generation % 2], std::as_bytes(std::span(&next, 1)), path);
  core::sync_file(file, path);
  mark = next;
  is_broken = false;
}

LedgerWriter::LedgerWriter(const std::filesystem::path& path, double lock_timeout_s)
    : state_(std::make_unique<State>(path, lock_timeout_s)) {}
LedgerWriter::~LedgerWriter() = default;

std::uint32_t LedgerWriter::open_trigger() const {
  const std::lock_guard guard(state_->mutex);
  return state_->directory.ended_triggers();
}

std::uint64_t LedgerWriter::size() const {
  const std::lock_guard guard(state_->mutex);
  return state_->directory.samples();
}

std::uint64_t LedgerWriter::cut_bytes() const noexcept { return state_->cut_bytes; }

bool LedgerWriter::inform(std::uint32_t trigger, std::uint64_t batch, std::span<const Key> keys,
                          std::span<const Timestamp> timestamps, std::span<const std::int64_t> labels) {
  if (timestamps.size() != keys.size() || labels.size() != keys.size()) {
    state_->refuse("batch " + core::grouped(batch) + " has " + core::grouped(std::uint64_t{keys.size()}) + " keys, " +
                   core::grouped(std::uint64_t{timestamps.size()}) + " timestamps and " +
                   core::grouped(std::uint64_t{labels.size()}) + " labels; give one of each for every sample");
  }
  const std::lock_guard guard(state_->mutex);
  state_->frames.set_samples(trigger, batch, keys, timestamps, labels);
  return state_->append_batch(trigger, batch);
}

bool LedgerWriter::inform_ranges(std::uint32_t trigger, std::uint64_t batch, const View& view,
                                 std::span<const Range> ranges) {
  std::vector<Range> kept;
  for (const Range& range : ranges) {
    if (range.first > view.size() || range.count > view.size() - range.first) {
      state_->refuse("range [" + core::grouped(range.first) + ", " + core::grouped(range.first) + " + " +
                     core::grouped(range.count) + ") reaches beyond the view's " + core::grouped(view.size()) +
                     " samples");
    }
    if (range.count > 0) kept.push_back(range);
  }
  const std::int64_t fingerprint = partition::fingerprint_of(view);
  const std::lock_guard guard(state_->mutex);
  if (state_->directory.view().value_or(fingerprint) != fingerprint) {
    state_->refuse("its positions are of another view (other dataset, manifest or order)");
  }
  state_->frames.set_ranges(trigger, batch, fingerprint, kept);
  return state_->append_batch(trigger, batch);
}

bool LedgerWriter::end_trigger(std::uint32_t trigger) {
  const std::lock_guard guard(state_->mutex);
  const std::uint32_t open = state_->directory.ended_triggers();
  if (trigger > open) {
    state_->refuse("trigger " + std::to_string(trigger) + " cannot end; trigger " + std::to_string(open) +
                   " is the open one");
  }
  if (trigger == open) {
    state_->frames.set_trigger_end(trigger);
    state_->append_frames();
  }
  state_->sync();
  return trigger == open;
}

void LedgerWriter::sync() {
  const std::lock_guard guard(state_->mutex);
  state_->sync();
}

std::shared_ptr<const Ledger> LedgerWriter::snapshot(std::shared_ptr<const View> view) const {
  const std::lock_guard guard(state_->mutex);
  auto state = std::make_shared<Ledger::State>(state_->path, state_->directory, std::move(view));
  return std::shared_ptr<const Ledger>(new Ledger(std::move(state)));
}

}  // namespace modyn

#include "fetch/fetcher.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/sigbus_guard.hpp"
#include "core/thread_pool.hpp"

namespace modyn::fetch {
namespace {

// A part is what one thread does at a time: large enough to pay for handing it over, small enough
// for its columns to stay in the cache.
constexpr std::size_t kMinBytesOfPart = 128 * 1024;
constexpr std::size_t kMinKeysOfPart = 512;
constexpr std::size_t kMaxKeysOfPart = 4096;
// Where threads wait for files, all of them should.
constexpr std::size_t kKeysOfWaitingPart = 8;
// How much is announced to the disk ahead of what is copied.
constexpr std::size_t kBytesAhead = 32 * 1024 * 1024;
// Files that one thread compares with the index at a time.
constexpr std::size_t kFilesOfCheck = 64;

std::size_t keys_of_part(const Request& request, const Outlook& outlook) noexcept {
  if (outlook.waits) return kKeysOfWaitingPart;
  return std::clamp(kMinBytesOfPart / std::max<std::size_t>(request.bytes_of_key, 1), kMinKeysOfPart, kMaxKeysOfPart);
}

}  // namespace

// A request, or a block of one, on its way.
struct Fetcher::Run {
  Run(const Request& whole, std::size_t begin, std::size_t size, const Outlook& expected, const KeyOrder* by_place)
      : request(whole),
        first(begin),
        count(size),
        outlook(expected),
        order(by_place),
        part_size(keys_of_part(whole, expected)),
        parts((size + part_size - 1) / part_size),
        depth(expected.from_disk ? kBytesAhead / (part_size * std::max<std::size_t>(whole.bytes_of_key, 1)) + 1 : 0) {}

  // The keys of a part in the order of the run.
  [[nodiscard]] Part part(std::size_t number, Worker& worker) const {
    const std::size_t begin = number * part_size;
    const std::size_t size = std::min(part_size, count - begin);
    if (order == nullptr) return {request.keys.subspan(first + begin, size), {}, first + begin};
    worker.keys.resize(size);
    worker.slots.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      worker.keys[i] = order->key(begin + i);
      worker.slots[i] = order->slot(begin + i);
    }
    return {worker.keys, worker.slots, first};
  }

  const Request& request;
  std::size_t first;
  std::size_t count;
  Outlook outlook;
  const KeyOrder* order;  // nullptr: as asked for
  std::size_t part_size;
  std::size_t parts;
  std::size_t depth;  // parts that are announced ahead of the one that is copied
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> announced = 0;
};

Fetcher::Fetcher(std::shared_ptr<const Index> index, std::filesystem::path root, unsigned threads,
                 std::size_t max_open_files, Access access)
    : index_(std::move(index)), threads_(threads), files_(index_, std::move(root), max_open_files, access) {}

void Fetcher::sizes(std::span<const Key> keys, std::span<std::uint64_t> out) {
  const std::size_t parts = (keys.size() + kMaxKeysOfPart - 1) / kMaxKeysOfPart;
  core::ThreadPool::shared().for_each(parts, threads_, [&](std::size_t part) {
    const std::size_t first = part * kMaxKeysOfPart;
    std::vector<Place> places(std::min(kMaxKeysOfPart, keys.size() - first));
    index_->places(keys.subspan(first, places.size()), places);
    std::ranges::transform(places, out.begin() + static_cast<std::ptrdiff_t>(first), &Place::sample_size);
  });
}

// Keys in the order of the request if all is in memory: sorting them costs more than it gains there. But a disk
// should see its blocks in order and know them ahead, and few open files should serve many keys each.
void Fetcher::fetch(const Request& request) {
  if (request.keys.empty()) return;
  const Outlook outlook = look(request.keys);
  if (!outlook.from_disk && index_->source_files() <= files_.max_open()) {
    Run all(request, 0, request.keys.size(), outlook, nullptr);
    return run(all);
  }
  check_range(request.keys);
  const Key next_key = index_->summary().next_key;
  const std::size_t most = KeyOrder::max_keys(next_key);
  const auto order = orders_.take();
  for (std::size_t first = 0; first < request.keys.size(); first += most) {
    const std::size_t count = std::min(most, request.keys.size() - first);
    order->build(request.keys.subspan(first, count), next_key);
    Run block(request, first, count, outlook, &*order);
    run(block);
  }
}

void Fetcher::advise(std::span<const Key> keys) {
  check_range(keys);
  if (keys.empty() || !look(keys).from_disk) return;
  const Key next_key = index_->summary().next_key;
  const std::size_t most = KeyOrder::max_keys(next_key);
  const auto order = orders_.take();
  const auto worker = workers_.take();
  worker->ahead.begin(files_, files_.max_open());
  for (std::size_t first = 0; first < keys.size(); first += most) {
    order->build(keys.subspan(first, std::min(most, keys.size() - first)), next_key);
    worker->keys.resize(order->size());
    for (std::size_t i = 0; i < order->size(); ++i) worker->keys[i] = order->key(i);
    worker->ahead.advise(worker->keys);
  }
}

// The order of keys takes only those that can be.
void Fetcher::check_range(std::span<const Key> keys) const {
  const Key next_key = index_->summary().next_key;
  if (std::ranges::all_of(keys, [next_key](Key key) { return key >= 0 && key < next_key; })) return;
  std::vector<std::int64_t> labels(keys.size());
  index_->labels(keys, labels);  // names the unknown keys
}

Outlook Fetcher::look(std::span<const Key> keys) {
  const auto worker = workers_.take();
  worker->ahead.begin(files_, files_.max_open());
  return worker->ahead.look(keys);
}

void Fetcher::run(Run& run) {
  core::ThreadPool& pool = run.outlook.waits ? core::ThreadPool::waiting() : core::ThreadPool::shared();
  const unsigned threads = run.outlook.waits || threads_ == 0 ? pool.threads() : threads_;
  Workers workers;
  const std::size_t count = std::min<std::size_t>(threads, run.parts);
  for (std::size_t i = 0; i < count; ++i) {
    workers.push_back(workers_.take());
    workers.back()->gatherer.begin(files_, files_.max_open() / count);
    workers.back()->ahead.begin(files_, files_.max_open() / count);
  }
  pool.for_each(count, threads, [&](std::size_t i) { work(run, *workers[i]); });
  check_files(workers);
}

void Fetcher::work(Run& run, Worker& worker) {
  const core::SigbusGuard guard;
  try {
    for (std::size_t part = run.next++; part < run.parts; part = run.next++) {
      announce(run, worker, part);
      worker.gatherer.gather(run.request, run.part(part, worker), guard);
    }
  } catch (...) {
    run.next = run.parts;  // the others need not go on
    throw;
  }
}

void Fetcher::announce(Run& run, Worker& worker, std::size_t part) {
  if (!run.outlook.from_disk) return;
  const std::size_t end = std::min(part + run.depth, run.parts);
  for (std::size_t ahead = run.announced; ahead < end; ahead = run.announced) {
    if (!run.announced.compare_exchange_weak(ahead, ahead + 1)) continue;
    worker.ahead.advise(run.part(ahead, worker).keys);
  }
}

// After all copies, so that each file is looked at once for the whole fetch.
void Fetcher::check_files(const Workers& workers) const {
  std::vector<const OpenSource*> touched;
  for (const auto& worker : workers) {
    for (const TouchedFiles::Held& one : worker->gatherer.touched().held()) touched.push_back(one.source.get());
  }
  std::ranges::sort(touched);
  const auto repeated = std::ranges::unique(touched);
  touched.erase(repeated.begin(), repeated.end());
  const std::size_t parts = (touched.size() + kFilesOfCheck - 1) / kFilesOfCheck;
  core::ThreadPool::shared().for_each(parts, threads_, [&](std::size_t part) {
    const auto files = std::span(touched).subspan(part * kFilesOfCheck);
    for (const OpenSource* file : files.first(std::min(kFilesOfCheck, files.size()))) file->check_unchanged();
  });
}

}  // namespace modyn::fetch

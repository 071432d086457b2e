#include "modyn/check.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "index/dataset_folder.hpp"
#include "index/deletions.hpp"
#include "index/index_state.hpp"
#include "index/order.hpp"
#include "index/pin.hpp"
#include "index/retirement.hpp"
#include "index/segment_check.hpp"
#include "index/source_check.hpp"
#include "modyn/maintenance.hpp"

namespace modyn {
namespace {

using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

class Check {
 public:
  Check(const std::filesystem::path& dataset, const CheckOptions& options, const Progress& progress)
      : dataset_(dataset), options_(options), progress_(progress) {}

  CheckReport run() {
    const std::vector<std::uint64_t> numbers = index::manifest_numbers(dataset_);
    const std::uint64_t number = options_.manifest ? *options_.manifest : (numbers.empty() ? 0 : numbers.back());
    if (options_.manifest && !std::ranges::binary_search(numbers, number)) {
      throw Error(ErrorKind::kInvalidArgument,
                  "dataset " + core::quoted(dataset_) + " has no manifest " + std::to_string(number));
    }
    check_pins();
    if (number > 0) check_manifest(number);
    std::ranges::stable_sort(report_.findings, {}, &Finding::path);
    return std::move(report_);
  }

 private:
  // Runs work(); what it throws becomes a finding about `path`.
  template <typename Work>
  bool attempt(const std::filesystem::path& path, Work work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      add(path.native(), error.what());
      return false;
    }
  }

  void add(std::string path, std::string what) {
    const std::lock_guard lock(mutex_);
    report_.findings.push_back({std::move(path), std::move(what)});
  }

  void check_pins() {
    std::set<std::uint64_t> pinned;
    for (const Pin& pin : pins(dataset_)) {
      ++report_.pins;
      attempt(index::pin_file(dataset_, pin.manifest, pin.owner), [&] { index::check_pin(dataset_, pin); });
      pinned.insert(pin.manifest);
    }
    for (const std::uint64_t manifest : pinned) {
      const auto path = index::manifest_file(dataset_, manifest);
      std::error_code error;
      if (std::filesystem::exists(path, error)) attempt(path, [&] { Index::open(dataset_, manifest); });
    }
  }

  void check_manifest(std::uint64_t number) {
    const auto path = index::manifest_file(dataset_, number);
    index::Manifest manifest;
    if (!attempt(path, [&] { manifest = index::read_manifest(dataset_, number); })) return;
    std::shared_ptr<const Index> index;
    try {
      index = Index::open(dataset_, number);
    } catch (const Error&) {
      check_files_alone(manifest);  // which of them it was, and whether there are more
      return;
    }
    report_.summary = index->summary();
    const auto& segments = index->state().segments;
    run_in_parallel(segments.size(), 1, [&](std::uint64_t i) {
      attempt(segments[i]->file().path(), [&] { index::check_segment(*index, *segments[i]); });
    });
    check_view(index);
    if (!options_.root.empty()) check_sources(*index);
  }

  void check_files_alone(const index::Manifest& manifest) {
    bool found = false;
    for (const index::SegmentEntry& entry : manifest.segments) {
      index::SegmentEntry alone = entry;
      alone.deletions = {};
      found |=
          !attempt(index::segment_folder(dataset_) / entry.name, [&] { index::Segment(dataset_, alone).verify(); });
      if (entry.deletions.name.empty()) continue;
      found |= !attempt(index::deletion_folder(dataset_) / entry.deletions.name,
                        [&] { index::Deletions(dataset_, entry).verify(); });
    }
    const auto view = index::view_file(dataset_, manifest.number);
    std::error_code error;
    if (std::filesystem::exists(view, error)) {
      attempt(view, [&] { ColumnFile::open(view, FileKind::kView)->verify(); });
    }
    if (found) return;
    attempt(index::manifest_file(dataset_, manifest.number), [&] { Index::open(dataset_, manifest.number); });
  }

  void check_view(const std::shared_ptr<const Index>& index) {
    const auto path = index::view_file(dataset_, index->summary().manifest);
    std::error_code error;
    if (std::filesystem::exists(path, error)) attempt(path, [&] { index::Order(index, path).verify(); });
  }

  void check_sources(const Index& index) {
    std::vector<std::pair<std::uint32_t, std::string>> changes;
    run_in_parallel(index.source_files(), 256, [&](std::uint64_t number) {
      const auto file = static_cast<std::uint32_t>(number);
      try {
        const SourceFile recorded = index.source_file(file);
        auto change = index::find_change(recorded, (recorded.owned ? dataset_ : options_.root) / recorded.path);
        if (!change && options_.companion && options_.companion(recorded) != recorded.companion) {
          change = "its sidecar is not the one that was ingested";
        }
        if (!change) return;
        const std::lock_guard lock(mutex_);
        changes.emplace_back(file, std::move(*change));
      } catch (const Error& error) {
        add(index::segment_folder(dataset_).native(), error.what());
      }
    });
    report_.source_files = index.source_files();
    std::ranges::sort(changes);
    std::vector<std::uint32_t> files;
    for (const auto& [file, what] : changes) files.push_back(file);
    const std::vector<bool> unused = index::out_of_use(index, files);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!unused[i] && !is_collected(index, files[i])) {
        add(index.source_file(files[i]).path, std::move(changes[i].second));
      }
    }
  }

  // A log of ours whose samples were deleted, and that was collected, while we looked.
  [[nodiscard]] bool is_collected(const Index& index, std::uint32_t file) const {
    const SourceFile recorded = index.source_file(file);
    std::error_code error;
    return recorded.owned && !std::filesystem::exists(dataset_ / recorded.path, error) &&
           index::is_wholly_deleted(*Index::open(dataset_), file);
  }

  // Calls work(0) ... work(count - 1) by several threads, `together` of them at a time by one.
  template <typename Work>
  void run_in_parallel(std::uint64_t count, std::uint64_t together, Work work) {
    constexpr std::uint64_t kPieces = 64;
    total_ += count;
    for (std::uint64_t first = 0; first < count; first += kPieces * together) {
      const std::uint64_t end = std::min(count, first + kPieces * together);
      core::ThreadPool::shared().for_each((end - first + together - 1) / together, options_.threads,
                                          [&](std::size_t piece) {
                                            const std::uint64_t begin = first + piece * together;
                                            for (std::uint64_t i = begin; i < std::min(end, begin + together); ++i)
                                              work(i);
                                          });
      done_ += end - first;
      if (progress_) progress_(done_, total_);
    }
  }

  std::filesystem::path dataset_;
  const CheckOptions& options_;
  const Progress& progress_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::mutex mutex_;
  CheckReport report_;
};

}  // namespace

CheckReport check(const std::filesystem::path& dataset, const CheckOptions& options, const Progress& progress) {
  return Check(dataset, options, progress).run();
}

}  // namespace modyn

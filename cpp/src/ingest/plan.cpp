#include "ingest/plan.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include <sys/stat.h>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "index/index_state.hpp"
#include "ingest/timestamp_pattern.hpp"

namespace modyn::ingest {
namespace {

Timestamp seconds_of(std::int64_t mtime_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return mtime_ns / kSecond - (mtime_ns % kSecond < 0 ? 1 : 0);
}

core::FileStatus status_of(const SourceFile& file) { return {file.size, file.mtime_ns, file.inode}; }

// The numbers of the known files by path.
std::unordered_map<std::string, std::uint32_t> known_files(const Index& index) {
  std::unordered_map<std::string, std::uint32_t> known;
  known.reserve(index.source_files());
  for (const auto& segment : index.state().segments) {
    for (std::uint32_t row = 0; row < segment->entry().files; ++row) {
      known.emplace(segment->path(row), segment->entry().first_file + row);
    }
  }
  return known;
}

class Planner {
 public:
  Planner(const Index& index, const IngestOptions& options, const std::vector<Problem>& before)
      : index_(index), options_(options), seen_(index.source_files(), false) {
    if (options.timestamp_source == TimestampSource::kFileName) pattern_.emplace(options.timestamp_pattern);
    for (const Problem& problem : before) {
      if (problem.retry == Retry::kWhenChanged) wrong_content_.emplace(problem.file.path, &problem);
    }
  }

  Plan run(Found found) {
    plan_.problems = std::move(found.problems);
    for (const Problem& problem : plan_.problems) not_data_.insert(problem.file.path);
    const auto known = known_files(index_);
    for (FoundFile& file : found.files) {
      const auto number = known.find(file.path);
      if (number == known.end()) {
        add_new(std::move(file));
      } else {
        add_known(number->second, std::move(file.path), file.status);
      }
    }
    look_for_unseen(known);
    compare_changed();
    std::ranges::sort(plan_.candidates, [](const Candidate& a, const Candidate& b) {
      return a.timestamp != b.timestamp ? a.timestamp < b.timestamp : a.path < b.path;
    });
    std::ranges::sort(plan_.touched, {}, &Touched::file);
    sort_by_path(plan_.problems);
    sort_by_path(plan_.conflicts);
    return std::move(plan_);
  }

 private:
  // A known file whose status is not the one that was recorded.
  struct Changed {
    std::uint32_t number;
    SourceFile recorded;
    core::FileStatus status;
    std::optional<std::uint64_t> fingerprint;  // of the ingested bytes, as they are now
    std::string failure;
  };

  void add_new(FoundFile file) {
    if (const Problem* problem = still_wrong(file.path, file.status)) {
      plan_.problems.push_back(*problem);
      return;
    }
    const std::uint64_t record = options_.format.record_size;
    if (file.status.size % record != 0) {
      add_problem(
          file.path, file.status,
          " has " + core::grouped(file.status.size) + " bytes, not a multiple of record_size " + core::grouped(record));
    } else {
      add_candidate({std::move(file.path), file.status, std::nullopt, 0, file.status.size / record, 0});
    }
  }

  void add_known(std::uint32_t number, std::string path, const core::FileStatus& status) {
    seen_[number] = true;
    SourceFile recorded = index_.source_file(number);
    if (status_of(recorded) == status) {
      ++plan_.unchanged;
    } else if (status.size < recorded.ingested_bytes) {
      add_conflict(path, status,
                   " shrank to " + core::grouped(status.size) + " bytes, " + core::grouped(recorded.ingested_bytes) +
                       " were ingested");
    } else if (const Problem* problem = still_wrong(path, status)) {
      plan_.problems.push_back(*problem);
    } else {
      changed_.push_back({number, std::move(recorded), status, std::nullopt, ""});
    }
  }

  // Known files that the walk did not find: gone, out of reach, or hidden by other options.
  void look_for_unseen(const std::unordered_map<std::string, std::uint32_t>& known) {
    for (const auto& [path, number] : known) {
      if (seen_[number] || not_data_.contains(path)) continue;
      struct stat status{};
      const int error = ::stat((options_.root / path).c_str(), &status) == 0 ? 0 : errno;
      if (error == 0 && S_ISREG(status.st_mode)) {
        add_known(number, std::string(path), core::file_status(status));
      } else if (error == 0) {
        add_conflict(std::string(path), core::file_status(status), " is no longer a regular file");
      } else {
        const bool gone = error == ENOENT || error == ENOTDIR;
        add_conflict(std::string(path), status_of(index_.source_file(number)),
                     gone ? " vanished" : " cannot be reached: " + core::reason_of(error));
      }
    }
  }

  void compare_changed() {
    core::ThreadPool::shared().for_each(changed_.size(), core::thread_count(options_.threads), [this](std::size_t i) {
      Changed& file = changed_[i];
      try {
        const auto path = options_.root / file.recorded.path;
        file.fingerprint = core::fingerprint(core::open_for_reading(path), file.recorded.ingested_bytes, path);
      } catch (const Error& error) {
        file.failure = error.what();
      }
    });
    for (Changed& file : changed_) judge(file);
  }

  void judge(Changed& file) {
    const std::uint64_t record = options_.format.record_size;
    const SourceFile& recorded = file.recorded;
    if (!file.failure.empty()) {
      plan_.problems.push_back(make_problem(recorded.path, file.status, file.failure));
    } else if (file.fingerprint != recorded.fingerprint) {
      add_conflict(recorded.path, file.status,
                   " was changed within its " + core::grouped(recorded.ingested_bytes) + " ingested bytes");
    } else if (file.status.size == recorded.ingested_bytes) {
      ++plan_.unchanged;
      SourceFile state = recorded;
      state.size = file.status.size;
      state.mtime_ns = file.status.mtime_ns;
      state.inode = file.status.inode;
      plan_.touched.push_back({file.number, std::move(state)});
    } else if (file.status.size % record != 0) {
      add_problem(recorded.path, file.status,
                  " has grown to " + core::grouped(file.status.size) + " bytes, not a multiple of record_size " +
                      core::grouped(record));
    } else {
      const std::uint64_t first = recorded.ingested_bytes / record;
      add_candidate({recorded.path, file.status, file.number, first, file.status.size / record - first, 0});
    }
  }

  void add_candidate(Candidate candidate) {
    if (!pattern_) {
      candidate.timestamp = seconds_of(candidate.status.mtime_ns);
    } else {
      const std::string_view name = std::string_view(candidate.path).substr(candidate.path.rfind('/') + 1);
      const auto timestamp = pattern_->find(name);
      if (!timestamp) {
        add_problem(candidate.path, candidate.status,
                    " has no timestamp in its name by the pattern " + core::quoted(options_.timestamp_pattern));
        return;
      }
      candidate.timestamp = *timestamp;
    }
    plan_.candidates.push_back(std::move(candidate));
  }

  void add_problem(const std::string& path, const core::FileStatus& status, const std::string& what) {
    plan_.problems.push_back(make_problem(path, status, "file " + core::quoted(path) + what));
  }

  void add_conflict(const std::string& path, const core::FileStatus& status, const std::string& what) {
    plan_.conflicts.push_back(make_problem(path, status, "file " + core::quoted(path) + what));
  }

  [[nodiscard]] const Problem* still_wrong(const std::string& path, const core::FileStatus& status) const {
    const auto problem = wrong_content_.find(path);
    if (problem == wrong_content_.end()) return nullptr;
    const QuarantinedFile& file = problem->second->file;
    return file.size == status.size && file.mtime_ns == status.mtime_ns ? problem->second : nullptr;
  }

  const Index& index_;
  const IngestOptions& options_;
  std::optional<TimestampPattern> pattern_;
  std::map<std::string_view, const Problem*> wrong_content_;
  std::set<std::string, std::less<>> not_data_;  // paths that the walk reported
  std::vector<bool> seen_;
  std::vector<Changed> changed_;
  Plan plan_;
};

}  // namespace

Plan make_plan(const Index& index, const IngestOptions& options, Found found, const std::vector<Problem>& before) {
  return Planner(index, options, before).run(std::move(found));
}

}  // namespace modyn::ingest

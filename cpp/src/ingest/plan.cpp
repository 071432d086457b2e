#include "ingest/plan.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include <sys/stat.h>

#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "ingest/changed_file.hpp"
#include "ingest/timestamp_pattern.hpp"

namespace modyn::ingest {
namespace {

Timestamp seconds_of(std::int64_t mtime_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return mtime_ns / kSecond - (mtime_ns % kSecond < 0 ? 1 : 0);
}

core::FileStatus status_of(const SourceFile& file) { return {file.size, file.mtime_ns, file.inode}; }

class Planner {
 public:
  Planner(const Index& index, KnownFiles& known, const SourceFolder& source, const IngestOptions& options,
          const FileFormat& format, const std::vector<Problem>& before)
      : index_(index), known_(known), source_(source), options_(options), format_(format) {
    if (options.timestamp_source == TimestampSource::kFileName) pattern_.emplace(options.timestamp_pattern);
    for (const Problem& problem : before) {
      if (problem.file.retry == Retry::kWhenChanged) wrong_content_.emplace(problem.file.path, &problem);
    }
  }

  Plan run(Found found) {
    plan_.unchanged = found.filtered;
    plan_.problems = std::move(found.problems);
    for (const Problem& problem : plan_.problems) not_data_.insert(problem.file.path);
    for (FoundFile& file : found.files) {
      if (const auto number = known_.find(file.path)) {
        add_known(*number, file);
      } else {
        add_new(std::move(file));
      }
    }
    look_for_unseen();
    compare_changed();
    const bool by_time = options_.timestamp_source != TimestampSource::kRecord;
    std::ranges::sort(plan_.candidates, [by_time](const Candidate& a, const Candidate& b) {
      return by_time && a.timestamp != b.timestamp ? a.timestamp < b.timestamp : a.path < b.path;
    });
    count_records_before();
    std::ranges::sort(plan_.touched, {}, &Touched::file);
    sort_by_path(plan_.problems);
    sort_by_path(plan_.conflicts);
    return std::move(plan_);
  }

 private:
  void add_new(FoundFile file) {
    if (const Problem* problem = still_wrong(file)) {
      plan_.problems.push_back(*problem);
    } else {
      add_candidate({.path = std::move(file.path), .status = file.status, .companion = file.companion});
    }
  }

  void add_known(std::uint32_t number, const FoundFile& file) {
    known_.mark_seen(number);
    SourceFile recorded = index_.source_file(number);
    if (status_of(recorded) == file.status && recorded.companion == file.companion) {
      ++plan_.unchanged;
    } else if (const Problem* problem = still_wrong(file)) {
      plan_.problems.push_back(*problem);
    } else {
      changed_.push_back({number, std::move(recorded), file});
    }
  }

  // Known files that the walk did not find: gone, out of reach, or hidden by other options.
  void look_for_unseen() {
    for (const std::uint32_t number : known_.unseen()) {
      const SourceFile recorded = index_.source_file(number);
      if (not_data_.contains(recorded.path)) continue;
      struct stat status{};
      const int error = source_.try_stat(recorded.path, status) ? 0 : errno;
      if (error == 0 && S_ISREG(status.st_mode)) {
        add_known(number, {recorded.path, core::file_status(status), companion_of(recorded.path)});
      } else if (error == 0) {
        add_conflict(recorded.path, core::file_status(status), " is no longer a regular file");
      } else {
        const bool gone = error == ENOENT || error == ENOTDIR;
        add_conflict(recorded.path, status_of(recorded),
                     gone ? " vanished" : " cannot be reached: " + core::reason_of(error));
      }
    }
  }

  [[nodiscard]] std::uint64_t companion_of(const std::string& path) const {
    if (format_.companion_extension().empty()) return 0;
    const std::string companion = companion_path(path, options_.file_extension, format_.companion_extension());
    struct stat status{};
    if (!source_.try_stat(companion, status) || !S_ISREG(status.st_mode)) return 0;
    return companion_stamp(core::file_status(status));
  }

  void compare_changed() {
    std::vector<Verdict> verdicts(changed_.size());
    const ChangedFileJudge judge(index_, source_, options_, format_);
    core::ThreadPool::shared().for_each(changed_.size(), core::thread_count(options_.threads),
                                        [&](std::size_t i) { verdicts[i] = judge.judge(changed_[i]); });
    for (std::size_t i = 0; i < changed_.size(); ++i) follow(changed_[i], verdicts[i]);
  }

  void follow(const ChangedFile& file, const Verdict& verdict) {
    const FoundFile& found = file.found;
    switch (verdict.kind) {
      case Verdict::Kind::kUnreadable:
        plan_.problems.push_back(make_problem(found.path, found.status, verdict.reason));
        break;
      case Verdict::Kind::kChanged:
        if (options_.on_change == OnChange::kReplace) {
          add_candidate(
              {.path = found.path, .status = found.status, .companion = found.companion, .replaces = file.number});
        } else {
          add_conflict(found.path, found.status, verdict.reason);
        }
        break;
      case Verdict::Kind::kTouched: {
        ++plan_.unchanged;
        SourceFile state = file.recorded;
        state.size = found.status.size;
        state.mtime_ns = found.status.mtime_ns;
        state.inode = found.status.inode;
        state.companion = found.companion;
        plan_.touched.push_back({file.number, std::move(state)});
        break;
      }
      case Verdict::Kind::kGrown:
        add_candidate({.path = found.path,
                       .status = found.status,
                       .companion = found.companion,
                       .known = file.number,
                       .first_byte = file.recorded.ingested_bytes});
        break;
    }
  }

  void add_candidate(Candidate candidate) {
    if (options_.timestamp_source == TimestampSource::kModificationTime) {
      candidate.timestamp = seconds_of(candidate.status.mtime_ns);
    } else if (pattern_) {
      const std::string_view name = std::string_view(candidate.path).substr(candidate.path.rfind('/') + 1);
      const auto timestamp = pattern_->find(name);
      if (!timestamp) {
        plan_.problems.push_back(make_problem(candidate.path, candidate.status,
                                              "file " + core::quoted(candidate.path) +
                                                  " has no timestamp in its name by the pattern " +
                                                  core::quoted(options_.timestamp_pattern)));
        return;
      }
      candidate.timestamp = *timestamp;
    }
    plan_.candidates.push_back(std::move(candidate));
  }

  // Records of grown files are numbered on.
  void count_records_before() {
    std::map<std::uint32_t, std::uint64_t> records;
    for (const Candidate& candidate : plan_.candidates) {
      if (candidate.known) records.emplace(*candidate.known, 0);
    }
    if (records.empty()) return;
    count_records(index_, records);
    for (Candidate& candidate : plan_.candidates) {
      if (candidate.known) candidate.first_record = records.at(*candidate.known);
    }
  }

  void add_conflict(const std::string& path, const core::FileStatus& status, const std::string& what) {
    plan_.conflicts.push_back(make_problem(path, status, "file " + core::quoted(path) + what));
  }

  [[nodiscard]] const Problem* still_wrong(const FoundFile& file) const {
    const auto found = wrong_content_.find(file.path);
    if (found == wrong_content_.end()) return nullptr;
    const Problem& problem = *found->second;
    const auto now = std::tie(file.status.size, file.status.mtime_ns, file.companion);
    return std::tie(problem.file.size, problem.file.mtime_ns, problem.companion) == now ? &problem : nullptr;
  }

  const Index& index_;
  KnownFiles& known_;
  const SourceFolder& source_;
  const IngestOptions& options_;
  const FileFormat& format_;
  std::optional<TimestampPattern> pattern_;
  std::map<std::string_view, const Problem*> wrong_content_;
  std::set<std::string, std::less<>> not_data_;  // paths that the walk reported
  std::vector<ChangedFile> changed_;
  Plan plan_;
};

}  // namespace

Plan make_plan(const Index& index, KnownFiles& known, const SourceFolder& source, const IngestOptions& options,
               const FileFormat& format, Found found, const std::vector<Problem>& before) {
  return Planner(index, known, source, options, format, before).run(std::move(found));
}

}  // namespace modyn::ingest

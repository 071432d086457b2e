#include "ingest/parse.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "ingest/extent_columns.hpp"
#include "ingest/source_input.hpp"

namespace modyn::ingest {
namespace {

// A file that is one sample takes some microseconds: too little for a task of its own.
constexpr std::size_t kSamplesPerTask = 64;

class Parser {
 public:
  Parser(const SourceFolder& source, const IngestOptions& options, const FileFormat& format, unsigned threads_per_file)
      : source_(source),
        options_(options),
        format_(format),
        companion_extension_(format.companion_extension()),
        layout_(format.layout()),
        threads_per_file_(threads_per_file),
        now_ns_(
            std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count()) {}

  [[nodiscard]] Parsed parse(const Candidate& candidate) const {
    Parsed parsed;
    const auto fail = [&](const std::string& reason, Retry retry) {
      parsed.problem = make_problem(candidate.path, candidate.status, reason, retry, candidate.companion);
    };
    const auto subject = [&] { return "file " + core::quoted(candidate.path) + " "; };
    try {
      read(candidate, parsed);
    } catch (const BadContent& bad) {
      fail(subject() + bad.what(), Retry::kWhenChanged);
    } catch (const IncompleteFile& incomplete) {
      fail(subject() + incomplete.what(), Retry::kAlways);
    } catch (const IngestedBytesChanged& changed) {
      parsed.conflict = make_problem(candidate.path, candidate.status, subject() + changed.what());
    } catch (const FileChanged&) {
      fail(subject() + "changed while it was read; the next scan looks at it again", Retry::kAlways);
    } catch (const Error& error) {
      fail(error.what(), Retry::kAlways);
    }
    return parsed;
  }

 private:
  void read(const Candidate& candidate, Parsed& parsed) const {
    std::string companion;
    if (!companion_extension_.empty()) {
      companion = companion_path(candidate.path, options_.file_extension, companion_extension_);
    }
    SourceInput input(source_, {candidate.path, candidate.status, candidate.companion, candidate.first_byte},
                      std::move(companion), is_quiet(candidate), threads_per_file_);
    ExtentColumns columns(layout_, candidate.first_byte, candidate.status.size);
    if (layout_ == SampleLayout::kFiles) {
      // Not opened: what is recorded of it is what the walk saw.
      format_.read(input, columns);
      parsed.label = columns.only_label();
      return;
    }
    input.open();
    format_.read(input, columns);
    parsed.fingerprint = input.finish();
    parsed.extents = columns.extents(candidate.timestamp, candidate.first_record);
  }

  // A time that lies ahead says nothing: it is not waited for.
  [[nodiscard]] bool is_quiet(const Candidate& candidate) const {
    const double age_s = static_cast<double>(now_ns_ - candidate.status.mtime_ns) * 1e-9;
    return age_s >= options_.quiet_s || age_s <= -options_.quiet_s;
  }

  const SourceFolder& source_;
  const IngestOptions& options_;
  const FileFormat& format_;
  std::string companion_extension_;
  SampleLayout layout_;
  unsigned threads_per_file_;
  std::int64_t now_ns_;
};

}  // namespace

std::vector<Parsed> parse(std::span<const Candidate> candidates, const SourceFolder& source,
                          const IngestOptions& options, const FileFormat& format, Progress& progress) {
  const std::size_t step = format.layout() == SampleLayout::kFiles ? kSamplesPerTask : 1;
  const std::size_t tasks = (candidates.size() + step - 1) / step;
  // Threads that are not needed for files help with pieces of them; without a limit, the pool is one.
  const auto share = static_cast<unsigned>(std::max<std::size_t>(1, options.threads / std::max<std::size_t>(1, tasks)));
  const Parser parser(source, options, format, options.threads == 0 ? 0 : share);
  std::vector<Parsed> results(candidates.size());
  core::ThreadPool::shared().for_each(tasks, core::thread_count(options.threads), [&](std::size_t task) {
    const std::size_t end = std::min(candidates.size(), (task + 1) * step);
    for (std::size_t i = task * step; i < end; ++i) {
      results[i] = parser.parse(candidates[i]);
      progress.advance();
    }
  });
  return results;
}

}  // namespace modyn::ingest

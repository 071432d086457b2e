#include "ingest/parse.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "core/thread_pool.hpp"
#include "ingest/record_reader.hpp"

namespace modyn::ingest {
namespace {

class FileParse {
 public:
  FileParse(const Candidate& candidate, const IngestOptions& options, const RecordReader& reader)
      : candidate_(candidate),
        path_(options.root / candidate.path),
        reader_(reader),
        record_size_(options.format.record_size),
        // A file without records has one piece too: it must be opened and compared like any other.
        pieces_(std::max<std::uint64_t>(
            1, (candidate.records + reader.records_per_piece() - 1) / reader.records_per_piece())),
        pieces_left_(pieces_) {
    result_.pieces.resize(pieces_);
  }

  [[nodiscard]] std::uint64_t pieces() const noexcept { return pieces_; }

  // Reads a piece; true if it was the last one to be done.
  bool run(std::uint64_t piece) {
    core::Descriptor file;
    attempt([&] {
      file = core::open_for_reading(path_);
      check_unchanged(file);
      result_.pieces[piece] = read_piece(file, piece);
    });
    if (pieces_left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return false;
    if (!result_.problem) attempt([&] { finish(file); });
    return true;
  }

  [[nodiscard]] Parsed take() { return std::move(result_); }

 private:
  template <typename Action>
  void attempt(Action action) {
    try {
      action();
    } catch (const BadContent& bad) {
      fail(bad.what(), Retry::kWhenChanged);
    } catch (const FileChanged&) {
      fail(changed_reason(), Retry::kAlways);
    } catch (const Error& error) {
      fail(error.what(), Retry::kAlways);
    }
  }

  [[nodiscard]] index::PackedIntegers read_piece(const core::Descriptor& file, std::uint64_t piece) const {
    const std::uint64_t first = piece * reader_.records_per_piece();
    const std::uint64_t count = std::min(reader_.records_per_piece(), candidate_.records - first);
    return reader_.labels(file, candidate_.path, candidate_.first_record + first, count);
  }

  void finish(const core::Descriptor& file) {
    const auto end = (candidate_.first_record + candidate_.records) * record_size_;
    const auto fingerprint = core::fingerprint(file, end, path_);
    if (!fingerprint) throw FileChanged();
    result_.fingerprint = *fingerprint;
    check_unchanged(file);
  }

  void check_unchanged(const core::Descriptor& file) const {
    if (core::file_status(file, path_) != candidate_.status) throw FileChanged();
  }

  [[nodiscard]] std::string changed_reason() const {
    return "file " + core::quoted(candidate_.path) + " changed while it was read; the next scan looks at it again";
  }

  // Pieces fail in any order; the reason that is first in the alphabet stays, so that scans repeat themselves.
  void fail(const std::string& reason, Retry retry) {
    const std::lock_guard lock(mutex_);
    if (result_.problem && result_.problem->file.reason <= reason) return;
    result_.problem = make_problem(candidate_.path, candidate_.status, reason, retry);
  }

  const Candidate& candidate_;
  std::filesystem::path path_;
  const RecordReader& reader_;
  std::uint64_t record_size_;
  std::uint64_t pieces_;
  std::atomic<std::uint64_t> pieces_left_;
  std::mutex mutex_;
  Parsed result_;
};

}  // namespace

std::vector<Parsed> parse(std::span<const Candidate> candidates, const IngestOptions& options, Progress& progress) {
  struct Task {
    FileParse* file;
    std::uint64_t piece;
  };
  const RecordReader reader(options.format);
  std::vector<std::unique_ptr<FileParse>> files;
  std::vector<Task> tasks;
  for (const Candidate& candidate : candidates) {
    files.push_back(std::make_unique<FileParse>(candidate, options, reader));
    for (std::uint64_t piece = 0; piece < files.back()->pieces(); ++piece) tasks.push_back({files.back().get(), piece});
  }
  core::ThreadPool::shared().for_each(tasks.size(), core::thread_count(options.threads), [&](std::size_t i) {
    if (tasks[i].file->run(tasks[i].piece)) progress.advance();
  });
  std::vector<Parsed> results;
  results.reserve(files.size());
  for (const auto& file : files) results.push_back(file->take());
  return results;
}

}  // namespace modyn::ingest

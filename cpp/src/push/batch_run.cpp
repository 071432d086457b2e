#include "push/batch_run.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <queue>
#include <system_error>

#include "core/column_file_layout.hpp"
#include "core/fingerprint.hpp"
#include "modyn/error.hpp"

namespace modyn::push {
namespace {

constexpr std::size_t kDigits = 20;
constexpr std::string_view kEnding = ".batches";
constexpr std::uint64_t kVersion = 1;

// The column `header`.
enum Field : std::size_t { kVersionField, kFirst, kEnd, kLog, kOffset, kSamples, kFields };

std::string padded(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// The sorted batches of several runs and a list, in order: a k-way merge.
class Merge {
 public:
  Merge(std::span<const std::shared_ptr<const BatchRun>> runs, std::span<const KnownBatch> sorted) {
    for (const auto& run : runs) sources_.push_back({run.get(), {}, run->range().size(), 0});
    sources_.push_back({nullptr, sorted, sorted.size(), 0});
    for (std::size_t i = 0; i < sources_.size(); ++i) push(i);
  }

  [[nodiscard]] bool empty() const { return heads_.empty(); }

  KnownBatch next() {
    const Head head = heads_.top();
    heads_.pop();
    push(head.source);
    return head.batch;
  }

 private:
  struct Source {
    const BatchRun* run;
    std::span<const KnownBatch> list;
    std::uint64_t size;
    std::uint64_t at;
  };
  struct Head {
    KnownBatch batch;
    std::size_t source;
    bool operator<(const Head& other) const { return other.batch.id < batch.id; }  // the smallest on top
  };

  void push(std::size_t i) {
    Source& source = sources_[i];
    if (source.at == source.size) return;
    heads_.push({source.run != nullptr ? (*source.run)[source.at] : source.list[source.at], i});
    ++source.at;
  }

  std::vector<Source> sources_;
  std::priority_queue<Head> heads_;
};

}  // namespace

BatchId hash_of(std::string_view batch_id) {
  const auto bytes = std::as_bytes(std::span(batch_id));
  return {core::xxh64(bytes, 0x6D6F64796E2D6964U), core::xxh64(bytes, 0x62617463682D6964U)};
}

std::string run_name(const RunRange& range) {
  return padded(range.first) + "-" + padded(range.end) + std::string(kEnding);
}

std::optional<RunRange> parse_run_name(std::string_view name) {
  if (name.size() != 2 * kDigits + 1 + kEnding.size() || !name.ends_with(kEnding) || name[kDigits] != '-') {
    return std::nullopt;
  }
  const auto first = parse_number(name.substr(0, kDigits));
  const auto end = parse_number(name.substr(kDigits + 1, kDigits));
  if (!first || !end || *first >= *end) return std::nullopt;
  return RunRange{*first, *end};
}

BatchRun::BatchRun(const std::filesystem::path& path)
    : file_(ColumnFile::open(path, FileKind::kBatchRun)),
      high_(file_->column<std::uint64_t>("id_high")),
      low_(file_->column<std::uint64_t>("id_low")),
      digest_(file_->column<std::uint64_t>("digest")) {
  const auto header = file_->read<std::uint64_t>("header");
  if (header.size() != kFields || header[kVersionField] != kVersion) {
    core::throw_corrupt(path, "this program does not know its version");
  }
  range_ = {header[kFirst], header[kEnd]};
  end_ = {header[kLog], header[kOffset], header[kEnd], header[kSamples]};
  if (parse_run_name(path.filename().native()) != range_ || high_.size() != range_.size() ||
      low_.size() != range_.size() || digest_.size() != range_.size()) {
    core::throw_corrupt(path, "it does not hold the batches that its name says");
  }
}

KnownBatch BatchRun::operator[](std::uint64_t at) const { return {{high_[at], low_[at]}, digest_[at]}; }

std::optional<std::uint64_t> BatchRun::find(const BatchId& id) const {
  std::uint64_t first = 0;
  for (std::uint64_t count = range_.size(); count > 0;) {
    const std::uint64_t half = count / 2;
    const std::uint64_t middle = first + half;
    if (BatchId{high_[middle], low_[middle]} < id) {
      first = middle + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  if (first == range_.size() || BatchId{high_[first], low_[first]} != id) return std::nullopt;
  return digest_[first];
}

void write_run(const std::filesystem::path& folder, std::span<const std::shared_ptr<const BatchRun>> runs,
               std::span<const KnownBatch> sorted, const LogEnd& end) {
  const std::uint64_t first = runs.empty() ? end.batches - sorted.size() : runs.front()->range().first;
  const RunRange range{first, end.batches};
  std::array<std::vector<std::uint64_t>, 3> columns;
  for (auto& column : columns) column.reserve(range.size());
  for (Merge merge(runs, sorted); !merge.empty();) {
    const KnownBatch batch = merge.next();
    columns[0].push_back(batch.id.high);
    columns[1].push_back(batch.id.low);
    columns[2].push_back(batch.digest);
  }
  std::array<std::uint64_t, kFields> header{};
  header[kVersionField] = kVersion;
  header[kFirst] = range.first;
  header[kEnd] = range.end;
  header[kLog] = end.log;
  header[kOffset] = end.offset;
  header[kSamples] = end.samples;
  ColumnFileWriter writer(FileKind::kBatchRun);
  writer.add<std::uint64_t>("header", header);
  writer.add<std::uint64_t>("id_high", columns[0]);
  writer.add<std::uint64_t>("id_low", columns[1]);
  writer.add<std::uint64_t>("digest", columns[2]);
  writer.replace(folder / run_name(range));
}

}  // namespace modyn::push

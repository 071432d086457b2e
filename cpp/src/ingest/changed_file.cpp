#include "ingest/changed_file.hpp"

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "index/index_state.hpp"
#include "ingest/extent_columns.hpp"
#include "ingest/source_input.hpp"

namespace modyn::ingest {
namespace {

// The label of a file that is one sample.
std::int64_t label_of(const Index& index, std::uint32_t file) {
  const index::Segment& segment = index.state().segment_of_file(file);
  const index::Extents& extents = segment.extents();
  for (std::size_t i = 0; i < extents.first_key.size(); ++i) {
    if (extents.kind_of(i) != ExtentKind::kFiles || file < extents.file[i]) continue;
    const std::uint64_t place = file - extents.file[i];
    if (place < segment.extent_size(i)) return segment.labels()[segment.row_of(extents.first_key[i]) + place];
  }
  throw Error(ErrorKind::kCorrupt,
              "file " + core::quoted(index.source_file(file).path) + " has no sample in the index");
}

}  // namespace

Verdict ChangedFileJudge::judge(const ChangedFile& file) const {
  try {
    return format_.layout() == SampleLayout::kFiles ? judge_sample(file) : judge_bytes(file);
  } catch (const FileChanged&) {
    return {Verdict::Kind::kUnreadable,
            "file " + core::quoted(file.found.path) + " changed while it was read; the next scan looks at it again"};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCorrupt) throw;
    return {Verdict::Kind::kUnreadable, error.what()};
  }
}

Verdict ChangedFileJudge::judge_bytes(const ChangedFile& file) const {
  const SourceFile& recorded = file.recorded;
  const std::uint64_t size = file.found.status.size;
  if (size < recorded.ingested_bytes) {
    return {Verdict::Kind::kChanged, " shrank to " + core::grouped(size) + " bytes, " +
                                         core::grouped(recorded.ingested_bytes) + " were ingested"};
  }
  const auto fingerprint =
      core::fingerprint(source_.open(recorded.path), recorded.ingested_bytes, source_.root() / recorded.path);
  if (fingerprint != recorded.fingerprint) {
    return {Verdict::Kind::kChanged,
            " was changed within its " + core::grouped(recorded.ingested_bytes) + " ingested bytes"};
  }
  if (size > recorded.ingested_bytes) return {Verdict::Kind::kGrown};
  if (file.found.companion == recorded.companion) return {Verdict::Kind::kTouched};
  return {Verdict::Kind::kChanged, " has another companion file than when it was ingested"};
}

// Samples of one file each have no fingerprint: that would mean to open each of them.
Verdict ChangedFileJudge::judge_sample(const ChangedFile& file) const {
  const SourceFile& recorded = file.recorded;
  const FoundFile& found = file.found;
  if (found.status.size != recorded.size || found.status.mtime_ns != recorded.mtime_ns) {
    return {Verdict::Kind::kChanged, " was changed after it was ingested"};
  }
  return found.companion == recorded.companion ? Verdict{Verdict::Kind::kTouched} : judge_label(file);
}

Verdict ChangedFileJudge::judge_label(const ChangedFile& file) const {
  const std::string companion = companion_path(file.found.path, options_.file_extension, format_.companion_extension());
  if (file.found.companion == 0) {
    return {Verdict::Kind::kChanged, " has no label file " + core::quoted(companion) + " any more"};
  }
  const SourceInput input(source_, {file.found.path, file.found.status, file.found.companion, 0}, companion, true, 1);
  ExtentColumns columns(SampleLayout::kFiles, 0, file.found.status.size);
  try {
    format_.read(input, columns);
    const std::int64_t label = columns.only_label();
    const std::int64_t before = label_of(index_, file.number);
    if (label == before) return {Verdict::Kind::kTouched};
    return {Verdict::Kind::kChanged,
            " has the label " + core::grouped(label) + " now, " + core::grouped(before) + " was ingested"};
  } catch (const BadContent& bad) {
    return {Verdict::Kind::kChanged, std::string(" ") + bad.what()};
  } catch (const IncompleteFile& incomplete) {
    return {Verdict::Kind::kChanged, std::string(" ") + incomplete.what()};
  }
}

void count_records(const Index& index, std::map<std::uint32_t, std::uint64_t>& records) {
  for (const auto& segment : index.state().segments) {
    const index::Extents& extents = segment->extents();
    for (std::size_t i = 0; i < extents.first_key.size(); ++i) {
      const auto counted = records.find(extents.file[i]);
      if (counted != records.end()) counted->second += segment->extent_size(i);
    }
  }
}

}  // namespace modyn::ingest

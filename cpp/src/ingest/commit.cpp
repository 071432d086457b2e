#include "ingest/commit.hpp"

#include <algorithm>

#include "core/message.hpp"
#include "index/dataset_writer.hpp"
#include "index/index_state.hpp"
#include "index/retirement.hpp"

namespace modyn::ingest {
namespace {

// Files that are one sample each, as one extent: their numbers and keys go up together.
class FileRun {
 public:
  void add(std::uint32_t file, Timestamp timestamp, std::int64_t label) {
    if (labels_.empty()) first_ = file;
    timestamps_.push_back(timestamp);
    labels_.push_back(label);
  }

  [[nodiscard]] index::NewExtent extent() {
    index::NewExtent extent;
    if (labels_.empty()) return extent;
    extent.kind = ExtentKind::kFiles;
    extent.file = first_;
    extent.timestamp = std::ranges::min(timestamps_);
    extent.labels.emplace_back(labels_);
    for (Timestamp& timestamp : timestamps_) timestamp -= extent.timestamp;
    extent.later.emplace_back(timestamps_);
    return extent;
  }

 private:
  std::uint32_t first_ = 0;
  std::vector<Timestamp> timestamps_;
  std::vector<std::int64_t> labels_;
};

}  // namespace

Commit::Commit(const std::filesystem::path& dataset, const Index& before, const FileFormat& format,
               core::FolderLock& lock)
    : dataset_(dataset), before_(before), lock_(lock), layout_(format.layout()), manifest_(before.state().manifest) {
  manifest_.format = format.text();
}

void Commit::begin() {
  if (begun_) return;
  begun_ = true;
  if (manifest_.number == 0) manifest_.dataset = core::random_id();
  ++manifest_.number;
  manifest_.epoch = lock_.claim_epoch(manifest_.epoch);
}

std::uint32_t Commit::add_file(index::SegmentBuilder& segment, const Candidate& candidate, const Parsed& parsed) {
  const core::FileStatus& status = candidate.status;
  const SourceFile state{.path = candidate.path,
                         .size = status.size,
                         .mtime_ns = status.mtime_ns,
                         .inode = status.inode,
                         .ingested_bytes = status.size,
                         .fingerprint = parsed.fingerprint,
                         .companion = candidate.companion,
                         .owned = false};
  if (candidate.known) {
    segment.update_file(*candidate.known, state);
    ++grown_files_;
    return *candidate.known;
  }
  if (candidate.replaces) {
    replaced_.push_back(*candidate.replaces);
  } else {
    ++new_files_;
  }
  return segment.add_file(state);
}

void Commit::add(std::span<const Candidate> candidates, std::vector<Parsed> parsed) {
  index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
  FileRun run;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (parsed[i].problem || parsed[i].conflict) continue;
    const std::uint32_t number = add_file(segment, candidates[i], parsed[i]);
    if (layout_ == SampleLayout::kFiles) run.add(number, candidates[i].timestamp, parsed[i].label);
    for (index::NewExtent& extent : parsed[i].extents) {
      extent.file = number;
      segment.add_extent(std::move(extent));
    }
  }
  if (layout_ == SampleLayout::kFiles) segment.add_extent(run.extent());
  bring(segment);
}

void Commit::add(std::vector<PushedTail> pushed) {
  index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
  for (PushedTail& tail : pushed) {
    if (tail.known) segment.update_file(*tail.known, tail.state);
    const std::uint32_t number = tail.known ? *tail.known : segment.add_file(tail.state);
    for (index::NewExtent& extent : tail.extents) {
      extent.file = number;
      segment.add_extent(std::move(extent));
    }
  }
  pushed_samples_ += segment.samples();
  bring(segment);
}

void Commit::bring(index::SegmentBuilder& segment) {
  if (segment.empty()) return;
  begin();
  if (!brought_data_) ++manifest_.sequence;
  brought_data_ = true;
  write(segment);
}

void Commit::write(index::SegmentBuilder& segment) {
  for (const Touched& touched : touched_) segment.update_file(touched.file, touched.state);
  touched_.clear();
  manifest_.segments.push_back(segment.publish(dataset_, manifest_.sequence, manifest_.epoch));
  manifest_.next_key += static_cast<Key>(segment.samples());
  manifest_.next_file += segment.files();
  new_samples_ += segment.samples();
}

bool Commit::publish() {
  if (!touched_.empty()) {
    begin();
    index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
    write(segment);
  }
  if (!begun_) return false;
  if (!replaced_.empty()) {
    std::ranges::sort(replaced_);
    const std::vector<KeyRange> keys = index::keys_of_files(before_, replaced_);
    index::Retirement(dataset_, before_.state().manifest, keys).write(manifest_);
  }
  index::publish_next(dataset_, manifest_, lock_);
  return true;
}

}  // namespace modyn::ingest

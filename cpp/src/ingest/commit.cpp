#include "ingest/commit.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

#include "core/message.hpp"
#include "core/publish.hpp"
#include "index/dataset_folder.hpp"
#include "index/index_state.hpp"

namespace modyn::ingest {
namespace {

std::vector<std::string> unnamed_segments(const std::filesystem::path& dataset, const index::Manifest& manifest) {
  std::set<std::string, std::less<>> named;
  for (const index::SegmentEntry& segment : manifest.segments) named.insert(segment.name);
  std::vector<std::string> unnamed;
  for (const auto& entry : std::filesystem::directory_iterator(index::segment_folder(dataset))) {
    const std::string name = entry.path().filename();
    if (index::is_segment_name(name) && !named.contains(name)) unnamed.push_back(name);
  }
  return unnamed;
}

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
    : dataset_(dataset), lock_(lock), layout_(format.layout()), manifest_(before.state().manifest) {
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
  ++(candidate.replaces ? replaced_files_ : new_files_);
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
  lock_.check_epoch();
  try {
    index::publish_manifest(dataset_, manifest_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kConflict) throw;
    throw Error(ErrorKind::kConflict, "another writer published manifest " + std::to_string(manifest_.number) +
                                          " of dataset " + core::quoted(dataset_) + " first; nothing was published");
  }
  return true;
}

void remove_leftovers(const std::filesystem::path& dataset, core::FolderLock& lock) {
  core::remove_temporaries(dataset);
  core::remove_temporaries(index::manifest_folder(dataset));
  core::remove_temporaries(index::segment_folder(dataset));
  const std::uint64_t newest = index::newest_manifest(dataset);
  const index::Manifest manifest = newest == 0 ? index::Manifest{} : index::read_manifest(dataset, newest);
  // Until segments are merged, the newest manifest names all that any manifest names.
  const std::vector<std::string> leftovers = unnamed_segments(dataset, manifest);
  if (leftovers.empty()) return;
  // A writer that lost its lock may be about to publish one of these: fence it off first.
  lock.claim_epoch(manifest.epoch);
  for (const std::string& name : leftovers) std::filesystem::remove(index::segment_folder(dataset) / name);
}

}  // namespace modyn::ingest

#include "ingest/commit.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

#include "core/message.hpp"
#include "core/publish.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
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

}  // namespace

Commit::Commit(const std::filesystem::path& dataset, const Index& before, const FixedRecordFormat& format,
               core::FolderLock& lock)
    : dataset_(dataset), lock_(lock), record_size_(format.record_size), manifest_(before.state().manifest) {
  manifest_.format = index::format_text(format);
}

void Commit::begin() {
  if (begun_) return;
  begun_ = true;
  if (manifest_.number == 0) manifest_.dataset = core::random_id();
  ++manifest_.number;
  manifest_.epoch = lock_.claim_epoch(manifest_.epoch);
}

void Commit::add(std::span<const Candidate> candidates, std::vector<Parsed> parsed) {
  index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (parsed[i].problem) continue;
    const std::uint64_t ingested = (candidate.first_record + candidate.records) * record_size_;
    const core::FileStatus& status = candidate.status;
    const SourceFile state{candidate.path, status.size, status.mtime_ns, status.inode, ingested, parsed[i].fingerprint};
    std::uint32_t number = 0;
    if (candidate.known) {
      number = *candidate.known;
      segment.update_file(number, state);
      ++grown_files_;
    } else {
      number = segment.add_file(state);
      ++new_files_;
    }
    index::NewExtent extent;
    extent.file = number;
    extent.first_record = candidate.first_record;
    extent.timestamp = candidate.timestamp;
    extent.labels = std::move(parsed[i].pieces);
    segment.add_extent(std::move(extent));
  }
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

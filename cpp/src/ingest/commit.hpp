// One commit: segments, then the manifest that makes them visible together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/folder_lock.hpp"
#include "index/manifest.hpp"
#include "index/segment_builder.hpp"
#include "ingest/parse.hpp"
#include "ingest/plan.hpp"
#include "ingest/pushed.hpp"
#include "modyn/format.hpp"
#include "modyn/index.hpp"

namespace modyn::ingest {

class Commit {
 public:
  // Goes on from the manifest of `before`, which it borrows. `lock` is held as long as the commit lives.
  Commit(const std::filesystem::path& dataset, const Index& before, const FileFormat& format, core::FolderLock& lock);

  // New states of known files. They are recorded with the next segment, or in one of their own at the
  // end: without that, a fetch would take them for changed. They do not advance the sequence.
  void touch(std::vector<Touched> touched) { touched_ = std::move(touched); }

  // Writes one segment with those files that were parsed without a problem, in the order given.
  void add(std::span<const Candidate> candidates, std::vector<Parsed> parsed);

  // Writes one segment with what was pushed.
  void add(std::vector<PushedTail> pushed);

  // Publishes the manifest; false if there was nothing to publish. kConflict if another writer took
  // over: then nothing is visible.
  bool publish();

  [[nodiscard]] std::uint64_t new_files() const noexcept { return new_files_; }
  [[nodiscard]] std::uint64_t grown_files() const noexcept { return grown_files_; }
  [[nodiscard]] std::uint64_t replaced_files() const noexcept { return replaced_.size(); }
  [[nodiscard]] std::uint64_t pushed_samples() const noexcept { return pushed_samples_; }
  [[nodiscard]] std::uint64_t new_samples() const noexcept { return new_samples_; }

 private:
  void begin();
  // Notes the file in the segment; returns its number.
  std::uint32_t add_file(index::SegmentBuilder& segment, const Candidate& candidate, const Parsed& parsed);
  // Writes a segment that brings data, unless it is empty.
  void bring(index::SegmentBuilder& segment);
  void write(index::SegmentBuilder& segment);

  std::filesystem::path dataset_;
  const Index& before_;
  core::FolderLock& lock_;
  SampleLayout layout_;
  index::Manifest manifest_;
  bool begun_ = false;
  bool brought_data_ = false;
  std::vector<Touched> touched_;
  std::uint64_t new_files_ = 0;
  std::uint64_t grown_files_ = 0;
  std::vector<std::uint32_t> replaced_;  // files of `before` whose samples are deleted
  std::uint64_t pushed_samples_ = 0;
  std::uint64_t new_samples_ = 0;
};

}  // namespace modyn::ingest

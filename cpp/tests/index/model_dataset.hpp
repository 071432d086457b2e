// A dataset built from segments, and beside it the plain vectors that say what it must answer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <vector>

#include "index/manifest.hpp"
#include "index/segment_builder.hpp"
#include "modyn/index.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::testing {

class ModelDataset {
 public:
  ModelDataset();

  // Commits one segment: `new_files` files with up to `most` records each, tails for some known files, and as
  // many files again of one sample each. Extents of all kinds, some of them with a timestamp for each sample.
  void commit(std::mt19937_64& generator, std::uint32_t new_files, std::uint64_t most);

  // Deletes some ranges of keys and some single ones; about one key in `one_of`.
  void remove(std::mt19937_64& generator, std::uint64_t one_of);
  // Makes one segment of some neighbours.
  void merge(std::mt19937_64& generator);
  // After somebody else published: goes on from the newest manifest.
  void reload();

  // What is not deleted, by key.
  [[nodiscard]] std::vector<Key> live_keys() const;

  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] const index::Manifest& manifest() const noexcept { return manifest_; }

  // By key.
  std::vector<Location> locations;
  std::vector<Place> places;
  std::vector<std::int64_t> labels;
  std::vector<Timestamp> timestamps;
  std::vector<bool> deleted;
  std::vector<std::uint64_t> sequences;  // of the commit that brought it
  // By number.
  std::vector<SourceFile> files;

 private:
  void add_records(std::mt19937_64& generator, index::SegmentBuilder& segment, std::uint32_t file, std::uint64_t first,
                   std::uint64_t count);
  void add_whole_files(std::mt19937_64& generator, index::SegmentBuilder& segment, std::uint64_t count);
  void add_extent(std::mt19937_64& generator, index::SegmentBuilder& segment, index::NewExtent extent,
                  std::uint64_t count);
  void add_row_places(std::mt19937_64& generator, index::NewExtent& extent, std::uint64_t count);

  TemporaryFolder folder_;
  index::Manifest manifest_;
};

}  // namespace modyn::testing

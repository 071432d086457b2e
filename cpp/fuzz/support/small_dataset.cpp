#include "support/small_dataset.hpp"

#include <utility>

#include "core/file.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
#include "index/manifest.hpp"
#include "index/segment_builder.hpp"
#include "support/scratch_folder.hpp"

namespace modyn::fuzz {
namespace {

void write_dataset(const std::filesystem::path& dataset) {
  core::create_folders(index::manifest_folder(dataset));
  core::create_folders(index::segment_folder(dataset));
  index::SegmentBuilder segment(0, 0);
  index::NewExtent extent;
  extent.file = segment.add_file({"a.bin", kSmallDatasetSamples * 8, 0, 0, kSmallDatasetSamples * 8, 0});
  extent.timestamp = 1'000'000;
  extent.labels.push_back(index::PackedIntegers::zeros(kSmallDatasetSamples));
  segment.add_extent(std::move(extent));
  index::Manifest manifest;
  manifest.number = 1;
  manifest.sequence = 1;
  manifest.dataset = core::random_id();
  manifest.format = index::format_text({.record_size = 8, .label_size = 2});
  manifest.next_key = static_cast<Key>(kSmallDatasetSamples);
  manifest.next_file = 1;
  manifest.segments.push_back(segment.publish(dataset, 1, 1));
  index::publish_manifest(dataset, manifest);
}

}  // namespace

std::filesystem::path small_dataset() { return scratch_folder() / "dataset"; }

std::shared_ptr<const View> small_view() {
  static const auto view = [] {
    write_dataset(small_dataset());
    return View::build(Index::open(small_dataset()), ViewOrder::kTime);
  }();
  return view;
}

}  // namespace modyn::fuzz

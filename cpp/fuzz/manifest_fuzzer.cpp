// Any bytes as the first manifest of a dataset.
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/manifest.hpp"
#include "modyn/error.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return modyn::fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto dataset = [] {
    const auto& folder = modyn::fuzz::scratch_folder();
    modyn::core::create_folders(modyn::index::manifest_folder(folder));
    modyn::core::create_folders(modyn::index::segment_folder(folder));
    return folder;
  }();
  modyn::fuzz::write_file(modyn::index::manifest_file(dataset, 1), std::as_bytes(std::span(data, size)));
  try {
    static_cast<void>(modyn::index::read_manifest(dataset, 1));
    static_cast<void>(modyn::Index::open(dataset));
  } catch (const modyn::Error&) {
  }
  return 0;
}

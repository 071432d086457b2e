// Any bytes as a training set over the view of a small dataset; read from end to end, and in parts.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modyn/error.hpp"
#include "modyn/partition.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"
#include "support/small_dataset.hpp"

namespace {

using namespace modyn;

constexpr std::size_t kMostSamples = 5000;

void read(const TrainingSet& set) {
  const std::size_t count = std::min<std::uint64_t>(set.size(), kMostSamples);
  std::vector<Key> keys(count);
  std::vector<float> weights(count);
  set.read(0, keys, weights);
  set.read(set.size() - count, keys, weights);
  std::vector<std::uint64_t> indices(count);
  for (std::size_t i = 0; i < count; ++i) indices[i] = set.size() - 1 - i;
  set.read_at(indices, keys, weights);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return modyn::fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto view = fuzz::small_view();
  static const auto path = fuzz::scratch_folder() / "set";
  fuzz::write_file(path, std::as_bytes(std::span(data, size)));
  try {
    read(*TrainingSet::open(path, view));
  } catch (const Error&) {
  }
  return 0;
}

// Fetching and comparing everything that came.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fetch/mixed_dataset.hpp"
#include "modyn/fetch.hpp"

namespace modyn::testing {

struct FetchedSamples {
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> offsets;
  std::vector<std::byte> data;
};

inline FetchedSamples fetch_any(const Reader& reader, const std::vector<Key>& keys) {
  FetchedSamples samples;
  std::vector<std::uint64_t> sizes(keys.size());
  reader.sizes(keys, sizes);
  samples.labels.resize(keys.size());
  samples.offsets.assign(1, 0);
  for (const std::uint64_t size : sizes) {
    samples.offsets.push_back(samples.offsets.back() + static_cast<std::int64_t>(size));
  }
  samples.data.resize(static_cast<std::size_t>(samples.offsets.back()));
  reader.fetch_any(keys, samples.offsets, samples.labels, samples.data);
  return samples;
}

// Fetches samples of any size; each must be what its key says.
inline void expect_own_samples(const MixedDataset& dataset, const Reader& reader, const std::vector<Key>& keys) {
  const FetchedSamples samples = fetch_any(reader, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(samples.labels[i], dataset.label(keys[i])) << "label of key " << keys[i];
    const std::vector<std::byte> found(samples.data.begin() + samples.offsets[i],
                                       samples.data.begin() + samples.offsets[i + 1]);
    ASSERT_EQ(found, dataset.sample(keys[i])) << "key " << keys[i];
  }
}

}  // namespace modyn::testing

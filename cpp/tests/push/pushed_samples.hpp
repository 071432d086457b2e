// What a test pushes, and what lies in the logs afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "modyn/push.hpp"

namespace modyn::testing {

// A batch that owns its columns.
struct OwnedBatch {
  std::vector<std::byte> data;
  std::vector<std::uint64_t> lengths;
  std::vector<std::int64_t> labels;
  std::vector<Timestamp> timestamps;

  [[nodiscard]] Batch borrowed() const { return {data, lengths, labels, timestamps}; }
  operator Batch() const { return borrowed(); }
};

// Samples with the labels first, first + 1, ...; every byte of a sample follows from its label, and its timestamp is
// 1000 + label. `sample_size` 0: lengths that follow from the label too, some of them 0.
[[nodiscard]] OwnedBatch make_batch(std::int64_t first, std::size_t samples, std::uint64_t sample_size);

struct PushedSample {
  std::int64_t label;
  Timestamp timestamp;
  std::vector<std::byte> bytes;
};

// All committed samples of a dataset, in order. Throws std::runtime_error unless the logs count them right.
[[nodiscard]] std::vector<PushedSample> pushed_samples(const std::filesystem::path& dataset);
// Their labels; throws std::runtime_error unless every sample has the bytes that follow from its label.
[[nodiscard]] std::vector<std::int64_t> pushed_labels(const std::filesystem::path& dataset, std::uint64_t sample_size);

// The only log of a dataset.
[[nodiscard]] std::filesystem::path only_log(const std::filesystem::path& dataset);

}  // namespace modyn::testing

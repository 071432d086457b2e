// What a format reads out of a file in memory, as columns that can be compared.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "modyn/format.hpp"

namespace modyn::fuzz {

struct Samples {
  std::vector<std::int64_t> labels;
  std::vector<Timestamp> timestamps;
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> lengths;
  std::vector<std::int64_t> cut_offsets;
  std::vector<std::int64_t> cut_lengths;
  friend bool operator==(const Samples&, const Samples&) = default;
};

// The samples in the order of the file, whatever the pieces were.
[[nodiscard]] Samples collect(const std::function<void(SampleSink&)>& read);

// Aborts unless every row lies behind the one before, within the file, and has its cut inside.
void check_rows(const Samples& samples, std::uint64_t file_bytes);

}  // namespace modyn::fuzz

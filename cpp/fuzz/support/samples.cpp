#include "support/samples.hpp"

#include <cstdlib>
#include <span>

namespace modyn::fuzz {
namespace {

template <typename T>
void append(std::vector<T>& column, std::span<const T> part) {
  column.insert(column.end(), part.begin(), part.end());
}

class Collector : public SampleSink {
 public:
  void take(std::uint64_t piece, const SampleBlock& block) override {
    Samples& samples = pieces_[piece];
    append(samples.labels, block.labels);
    append(samples.timestamps, block.timestamps);
    append(samples.offsets, block.offsets);
    append(samples.lengths, block.lengths);
    append(samples.cut_offsets, block.cut_offsets);
    append(samples.cut_lengths, block.cut_lengths);
  }

  [[nodiscard]] Samples joined() const {
    Samples all;
    for (const auto& [number, piece] : pieces_) {
      append<std::int64_t>(all.labels, piece.labels);
      append<Timestamp>(all.timestamps, piece.timestamps);
      append<std::int64_t>(all.offsets, piece.offsets);
      append<std::int64_t>(all.lengths, piece.lengths);
      append<std::int64_t>(all.cut_offsets, piece.cut_offsets);
      append<std::int64_t>(all.cut_lengths, piece.cut_lengths);
    }
    return all;
  }

 private:
  std::map<std::uint64_t, Samples> pieces_;
};

}  // namespace

Samples collect(const std::function<void(SampleSink&)>& read) {
  Collector collector;
  read(collector);
  return collector.joined();
}

void check_rows(const Samples& samples, std::uint64_t file_bytes) {
  const std::size_t rows = samples.labels.size();
  if (samples.offsets.size() != rows || samples.lengths.size() != rows || samples.cut_offsets.size() != rows ||
      samples.cut_lengths.size() != rows) {
    std::abort();
  }
  std::int64_t end = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (samples.offsets[i] < end || samples.lengths[i] < 0 || samples.cut_offsets[i] < 0 ||
        samples.cut_lengths[i] < 0 || samples.cut_offsets[i] + samples.cut_lengths[i] > samples.lengths[i]) {
      std::abort();
    }
    end = samples.offsets[i] + samples.lengths[i];
    if (static_cast<std::uint64_t>(end) > file_bytes) std::abort();
  }
}

}  // namespace modyn::fuzz

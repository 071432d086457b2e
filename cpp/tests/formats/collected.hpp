// What a format reads, as one sample after the other.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/memory_input.hpp"
#include "modyn/format.hpp"

namespace modyn::testing {

struct CollectedSample {
  std::int64_t label = 0;
  Timestamp timestamp = 0;  // 0 if the format has none
  std::string bytes{};      // of rows: without the cut
  friend bool operator==(const CollectedSample&, const CollectedSample&) = default;
};

// Blocks in the order of their pieces.
class Collector : public SampleSink {
 public:
  explicit Collector(std::string_view file) : file_(file) {}

  void take(std::uint64_t piece, const SampleBlock& block) override {
    for (std::size_t i = 0; i < block.labels.size(); ++i) {
      CollectedSample sample{block.labels[i], block.timestamps.empty() ? 0 : block.timestamps[i]};
      if (!block.offsets.empty()) {
        sample.bytes =
            file_.substr(static_cast<std::size_t>(block.offsets[i]), static_cast<std::size_t>(block.lengths[i]));
        sample.bytes.erase(static_cast<std::size_t>(block.cut_offsets[i]),
                           static_cast<std::size_t>(block.cut_lengths[i]));
      }
      pieces_[piece].push_back(std::move(sample));
    }
  }

  [[nodiscard]] std::vector<CollectedSample> samples() const {
    std::vector<CollectedSample> all;
    for (const auto& [piece, samples] : pieces_) all.insert(all.end(), samples.begin(), samples.end());
    return all;
  }

 private:
  std::string_view file_;
  std::map<std::uint64_t, std::vector<CollectedSample>> pieces_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Bytes [first, file.size()) of a file.
inline std::vector<CollectedSample> collect(const FileFormat& format, std::string_view file, std::uint64_t first = 0,
                                            bool is_quiet = true) {
  Collector collector(file);
  format.read(formats::MemoryInput(bytes_of(file), first, is_quiet), collector);
  return collector.samples();
}

// The message of the exception of this type that `action` throws; "" if it throws nothing.
template <typename Exception, typename Action>
std::string reason_of(const Action& action) {
  try {
    action();
  } catch (const Exception& exception) {
    return exception.what();
  }
  return "";
}

}  // namespace modyn::testing

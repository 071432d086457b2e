#include "push/pushed_samples.hpp"

#include <stdexcept>

#include "push/pushed_folder.hpp"
#include "push/sealing.hpp"

namespace modyn::testing {
namespace {

std::uint64_t length_of(std::int64_t label, std::uint64_t sample_size) {
  return sample_size != 0 ? sample_size : static_cast<std::uint64_t>(label * 7 % 23);
}

std::byte byte_of(std::int64_t label, std::uint64_t at) {
  return static_cast<std::byte>(static_cast<std::uint64_t>(label) * 31 + at * 7 + 1);
}

}  // namespace

OwnedBatch make_batch(std::int64_t first, std::size_t samples, std::uint64_t sample_size) {
  OwnedBatch batch;
  for (std::size_t i = 0; i < samples; ++i) {
    const std::int64_t label = first + static_cast<std::int64_t>(i);
    const std::uint64_t length = length_of(label, sample_size);
    for (std::uint64_t at = 0; at < length; ++at) batch.data.push_back(byte_of(label, at));
    if (sample_size == 0) batch.lengths.push_back(length);
    batch.labels.push_back(label);
    batch.timestamps.push_back(1000 + label);
  }
  return batch;
}

std::vector<PushedSample> pushed_samples(const std::filesystem::path& dataset) {
  std::vector<PushedSample> samples;
  for (const PushedLog& log : pushed_logs(dataset)) {
    if (log.first_sample != samples.size()) throw std::runtime_error("the log begins with another sample");
    push::read_committed(dataset, log, log.begin, [&](const push::Frame& frame) {
      if (frame.first_sample != samples.size()) throw std::runtime_error("the frame begins with another sample");
      std::size_t at = 0;
      for (std::size_t i = 0; i < frame.samples(); ++i) {
        const std::size_t length = frame.sample_size != 0 ? frame.sample_size : frame.lengths[i];
        const auto bytes = frame.data.subspan(at, length);
        samples.push_back({frame.labels[i], frame.timestamps[i], {bytes.begin(), bytes.end()}});
        at += length;
      }
    });
    if (log.first_sample + log.samples != samples.size()) throw std::runtime_error("the log holds other samples");
  }
  return samples;
}

std::vector<std::int64_t> pushed_labels(const std::filesystem::path& dataset, std::uint64_t sample_size) {
  std::vector<std::int64_t> labels;
  for (const PushedSample& sample : pushed_samples(dataset)) {
    bool is_right = sample.bytes.size() == length_of(sample.label, sample_size);
    for (std::size_t at = 0; at < sample.bytes.size(); ++at) {
      is_right = is_right && sample.bytes[at] == byte_of(sample.label, at);
    }
    if (!is_right) throw std::runtime_error("label " + std::to_string(sample.label) + " has the wrong bytes");
    labels.push_back(sample.label);
  }
  return labels;
}

std::filesystem::path only_log(const std::filesystem::path& dataset) {
  const auto numbers = push::log_numbers(dataset);
  if (numbers.size() != 1) throw std::runtime_error("there is not one log");
  return push::log_file(dataset, numbers.front());
}

}  // namespace modyn::testing

#include "push/batch_check.hpp"

#include <array>
#include <span>
#include <string>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"
#include "push/log_layout.hpp"

namespace modyn::push {
namespace {

constexpr std::size_t kMaxIdBytes = 1024;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); }

std::string text(std::uint64_t number) { return core::grouped(number); }

void check_lengths(const Batch& batch) {
  if (batch.lengths.size() != batch.labels.size()) {
    refuse("append: " + text(batch.labels.size()) + " labels for " + text(batch.lengths.size()) + " samples");
  }
  std::uint64_t left = batch.data.size();
  for (std::size_t i = 0; i < batch.lengths.size(); ++i) {
    const std::uint64_t length = batch.lengths[i];
    if (length > kMaxSampleBytes)
      refuse("append: sample " + text(i) + " has " + text(length) + " bytes, 4 GiB or more");
    if (length > left)
      refuse("append: the lengths add up to more than the " + text(batch.data.size()) + " bytes given");
    left -= length;
  }
  if (left > 0) refuse("append: " + text(left) + " bytes follow the last sample");
}

}  // namespace

void check_batch(const Batch& batch, std::uint64_t sample_size) {
  const std::uint64_t samples = batch.labels.size();
  if (sample_size == 0) {
    check_lengths(batch);
  } else if (!batch.lengths.empty()) {
    refuse("append: lengths are given, but all samples of this dataset have " + text(sample_size) + " bytes");
  } else if (batch.data.size() / sample_size != samples || batch.data.size() % sample_size != 0) {
    refuse("append: " + text(batch.data.size()) + " bytes and " + text(samples) + " labels do not fit samples of " +
           text(sample_size) + " bytes");
  }
  if (!batch.timestamps.empty() && batch.timestamps.size() != samples) {
    refuse("append: " + text(batch.timestamps.size()) + " timestamps for " + text(samples) + " samples");
  }
  if (samples > kMaxFrameSamples || batch.data.size() > kMaxFrameData) refuse("append: the batch is too large");
}

void check_batch_id(std::string_view batch_id) {
  if (batch_id.empty() || batch_id.size() > kMaxIdBytes) {
    refuse("append: a batch id of " + text(batch_id.size()) + " bytes, must be 1 to " + text(kMaxIdBytes));
  }
}

std::uint64_t digest_of(const Batch& batch) {
  const std::array<std::uint64_t, 4> sizes{batch.data.size(), batch.lengths.size(), batch.labels.size(),
                                           batch.timestamps.size()};
  std::uint64_t digest = core::xxh64(std::as_bytes(std::span(sizes)), 0);
  digest = core::xxh64(batch.data, digest);
  digest = core::xxh64(std::as_bytes(batch.lengths), digest);
  digest = core::xxh64(std::as_bytes(batch.labels), digest);
  return core::xxh64(std::as_bytes(batch.timestamps), digest);
}

}  // namespace modyn::push

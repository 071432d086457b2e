// What a caller hands over, checked before anything is written, and what stands for it in the index of batches.
#pragma once

#include <cstdint>
#include <string_view>

#include "modyn/push.hpp"

namespace modyn::push {

// kInvalidArgument unless the columns fit each other and the samples' size (0: any).
void check_batch(const Batch& batch, std::uint64_t sample_size);
// kInvalidArgument unless it has 1 to 1,024 bytes.
void check_batch_id(std::string_view batch_id);

// Of samples, lengths, labels and the timestamps that were given: equal batches have equal digests.
[[nodiscard]] std::uint64_t digest_of(const Batch& batch);

}  // namespace modyn::push

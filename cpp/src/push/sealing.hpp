// What a scan reads of pushed samples to make them samples like all others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "modyn/push.hpp"
#include "push/frame.hpp"

namespace modyn::push {

// Calls `take` with every frame of the log from `offset` on (the log's begin, or the end of a frame) to its committed
// end. A frame is valid during its call. Needs no lock: what is committed does not change.
// kCorrupt, naming file and offset, if a frame is not as it was written.
void read_committed(const std::filesystem::path& dataset, const PushedLog& log, std::uint64_t offset,
                    const std::function<void(const Frame&)>& take);

}  // namespace modyn::push

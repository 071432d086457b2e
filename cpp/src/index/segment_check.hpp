// The rules of a segment that readers rely on only one sample at a time.
#pragma once

#include "index/index_state.hpp"
#include "index/segment.hpp"

namespace modyn::index {

// Checks every block and rule of the segment, and that each of its samples lies within the ingested bytes of its file.
// kCorrupt, naming the first problem.
void check_segment(const Index& index, const Segment& segment);

}  // namespace modyn::index

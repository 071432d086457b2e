// Which files lie on another machine.
#pragma once

#include "core/file.hpp"

namespace modyn::fetch {

// Whether the file is on a network file system, or on one that a program of its own serves (FUSE). There a map may
// show bytes that have changed elsewhere, and a lost connection is a signal at any later access.
[[nodiscard]] bool is_on_network(const core::Descriptor& file) noexcept;

}  // namespace modyn::fetch

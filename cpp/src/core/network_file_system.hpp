// Which files lie on another machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/file.hpp"

namespace modyn::core {

// The name of the file system of an open file or folder, if it is one of a network, or one that a program of its own
// serves (FUSE). There a map may show bytes that have changed elsewhere, a lost connection is a signal at any later
// access, and nobody is told of changes. Nothing for local ones.
[[nodiscard]] std::optional<std::string_view> network_file_system(const Descriptor& file) noexcept;

// Whether the file or folder is on overlayfs: it is local, but what happens in the layers below is not told.
[[nodiscard]] bool is_on_overlay(const Descriptor& file) noexcept;

// The same by the kind that Linux's statfs gives.
[[nodiscard]] std::optional<std::string_view> network_file_system_of_kind(std::uint32_t kind) noexcept;

}  // namespace modyn::core

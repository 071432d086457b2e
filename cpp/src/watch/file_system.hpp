// File systems on which changes happen that nobody here is told of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace modyn::watch {

// The name of a file system by the kind that statfs gives, if its changes may come from elsewhere: another machine,
// or a layer below. Nothing for local ones.
[[nodiscard]] std::optional<std::string_view> remote_name(std::uint32_t kind);

// The same for the file system of an open folder.
[[nodiscard]] std::optional<std::string_view> remote_name_of(int folder);

}  // namespace modyn::watch

// What pins and the collector agree on.
#pragma once

#include <filesystem>

#include "modyn/maintenance.hpp"

namespace modyn::index {

// kCorrupt if the file of a pin is damaged, kInvalidArgument if there is no such manifest.
void check_pin(const std::filesystem::path& dataset, const Pin& pin);

}  // namespace modyn::index

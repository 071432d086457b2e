// A dataset of a thousand samples, that files which name a view can be read over.
#pragma once

#include <filesystem>
#include <memory>

#include "modyn/index.hpp"

namespace modyn::fuzz {

inline constexpr std::uint64_t kSmallDatasetSamples = 1000;

[[nodiscard]] std::filesystem::path small_dataset();
// Written when first asked for; always the same but for its random identity.
[[nodiscard]] std::shared_ptr<const View> small_view();

}  // namespace modyn::fuzz

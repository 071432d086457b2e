// The names of things in a dataset's folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modyn/maintenance.hpp"

namespace modyn::index {

[[nodiscard]] inline std::filesystem::path manifest_folder(const std::filesystem::path& dataset) {
  return dataset / "manifests";
}
[[nodiscard]] inline std::filesystem::path segment_folder(const std::filesystem::path& dataset) {
  return dataset / "segments";
}
[[nodiscard]] inline std::filesystem::path deletion_folder(const std::filesystem::path& dataset) {
  return dataset / "deleted";
}
[[nodiscard]] inline std::filesystem::path view_folder(const std::filesystem::path& dataset) {
  return dataset / "views";
}
[[nodiscard]] inline std::filesystem::path pin_folder(const std::filesystem::path& dataset) { return dataset / "pins"; }
[[nodiscard]] inline std::filesystem::path lock_file(const std::filesystem::path& dataset) { return dataset / "lock"; }
[[nodiscard]] inline std::filesystem::path quarantine_file(const std::filesystem::path& dataset) {
  return dataset / "quarantine";
}

// manifests/00000000000000000042.manifest: 20 digits, so that names sort as numbers do.
[[nodiscard]] std::filesystem::path manifest_file(const std::filesystem::path& dataset, std::uint64_t number);

// segments/<name>; a name says which commit and epoch wrote it, and has random digits, so that a
// writer that was killed or fenced off never stands in the way of another.
[[nodiscard]] std::string new_segment_name(std::uint64_t sequence, std::uint64_t epoch);
// Whether it can be the name of a segment: nothing else is opened or removed in its folder.
[[nodiscard]] bool is_segment_name(std::string_view name);
// deleted/<name>: the same for what was deleted of a segment, with the number of the manifest that named it first.
[[nodiscard]] std::string new_deletion_name(std::uint64_t manifest, std::uint64_t epoch);
[[nodiscard]] bool is_deletion_name(std::string_view name);
// The epoch in a name of either kind, if it has one.
[[nodiscard]] std::optional<std::uint64_t> epoch_of_name(std::string_view name);

// views/<20 digits of the manifest>-time.view: all samples of a manifest in the order of time.
[[nodiscard]] std::filesystem::path view_file(const std::filesystem::path& dataset, std::uint64_t manifest);

// The number of the manifest whose view has this name, if it is one's.
[[nodiscard]] std::optional<std::uint64_t> manifest_of_view(std::string_view name);

// pins/<20 digits of the manifest>-<owner>.pin
[[nodiscard]] std::filesystem::path pin_file(const std::filesystem::path& dataset, std::uint64_t manifest,
                                             std::string_view owner);
[[nodiscard]] std::optional<Pin> pin_of_name(std::string_view name);
// Held while a manifest is pinned, and while manifests are removed.
[[nodiscard]] inline std::filesystem::path pin_lock_file(const std::filesystem::path& dataset) {
  return pin_folder(dataset) / "lock";
}

// Of the manifest with this name, if it is one's.
[[nodiscard]] std::optional<std::uint64_t> manifest_number(std::string_view name);
// In ascending order. kIo if there is no such dataset.
[[nodiscard]] std::vector<std::uint64_t> manifest_numbers(const std::filesystem::path& dataset);

// The highest number of a manifest in the folder, 0 if there is none.
[[nodiscard]] std::uint64_t newest_manifest(const std::filesystem::path& dataset);

}  // namespace modyn::index

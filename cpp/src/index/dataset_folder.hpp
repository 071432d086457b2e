// The names of things in a dataset's folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace modyn::index {

[[nodiscard]] inline std::filesystem::path manifest_folder(const std::filesystem::path& dataset) {
  return dataset / "manifests";
}
[[nodiscard]] inline std::filesystem::path segment_folder(const std::filesystem::path& dataset) {
  return dataset / "segments";
}
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

// The highest number of a manifest in the folder, 0 if there is none.
[[nodiscard]] std::uint64_t newest_manifest(const std::filesystem::path& dataset);

}  // namespace modyn::index

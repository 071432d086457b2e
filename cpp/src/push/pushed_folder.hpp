// The names of things in the folder of a dataset's pushed samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace modyn::push {

[[nodiscard]] inline std::filesystem::path pushed_folder(const std::filesystem::path& dataset) {
  return dataset / "pushed";
}
// Who may append.
[[nodiscard]] inline std::filesystem::path lock_file(const std::filesystem::path& dataset) {
  return pushed_folder(dataset) / "lock";
}
// Who may wait for the lock: the next in turn.
[[nodiscard]] inline std::filesystem::path turn_file(const std::filesystem::path& dataset) {
  return pushed_folder(dataset) / "turn";
}
// How far the newest log is committed.
[[nodiscard]] inline std::filesystem::path committed_file(const std::filesystem::path& dataset) {
  return pushed_folder(dataset) / "committed";
}
[[nodiscard]] inline std::filesystem::path batch_folder(const std::filesystem::path& dataset) {
  return pushed_folder(dataset) / "batches";
}

// pushed/00000042.log: at least 8 digits.
[[nodiscard]] std::string log_name(std::uint64_t number);
[[nodiscard]] inline std::filesystem::path log_file(const std::filesystem::path& dataset, std::uint64_t number) {
  return dataset / log_name(number);
}
// The numbers of the logs that are there, ascending.
[[nodiscard]] std::vector<std::uint64_t> log_numbers(const std::filesystem::path& dataset);

}  // namespace modyn::push

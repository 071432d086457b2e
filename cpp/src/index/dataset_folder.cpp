#include "index/dataset_folder.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "core/message.hpp"
#include "core/random_id.hpp"

namespace modyn::index {
namespace {

constexpr std::size_t kDigits = 20;
constexpr std::string_view kManifestEnding = ".manifest";
constexpr std::string_view kSegmentEnding = ".segment";

std::string padded(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

std::optional<std::uint64_t> manifest_number(std::string_view name) {
  if (name.size() != kDigits + kManifestEnding.size() || !name.ends_with(kManifestEnding)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + kDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || stop != end || number == 0) return std::nullopt;
  return number;
}

}  // namespace

std::filesystem::path manifest_file(const std::filesystem::path& dataset, std::uint64_t number) {
  return manifest_folder(dataset) / (padded(number) + std::string(kManifestEnding));
}

std::string new_segment_name(std::uint64_t sequence, std::uint64_t epoch) {
  return padded(sequence) + "-" + std::to_string(epoch) + "-" + core::random_hex() + std::string(kSegmentEnding);
}

bool is_segment_name(std::string_view name) {
  return name.size() > kSegmentEnding.size() && name.ends_with(kSegmentEnding) && !name.starts_with('.') &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

std::uint64_t newest_manifest(const std::filesystem::path& dataset) {
  std::error_code error;
  std::uint64_t newest = 0;
  const auto folder = manifest_folder(dataset);
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    newest = std::max(newest, manifest_number(entry->path().filename().native()).value_or(0));
  }
  // A folder of a dataset whose first commit is still to come has no manifests.
  if (error && !(error == std::errc::no_such_file_or_directory && std::filesystem::is_directory(dataset))) {
    core::throw_system_error("list the manifests of dataset", dataset, error.value());
  }
  return newest;
}

}  // namespace modyn::index

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
constexpr std::string_view kDeletionEnding = ".deleted";
constexpr std::string_view kViewEnding = "-time.view";
constexpr std::string_view kPinEnding = ".pin";

std::string padded(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

// Of 20 digits; never 0.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || stop != digits.data() + digits.size() || number == 0) return std::nullopt;
  return number;
}

std::string new_name(std::uint64_t number, std::uint64_t epoch, std::string_view ending) {
  return padded(number) + "-" + std::to_string(epoch) + "-" + core::random_hex() + std::string(ending);
}

bool is_name(std::string_view name, std::string_view ending) {
  return name.size() > ending.size() && name.ends_with(ending) && !name.starts_with('.') &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

}  // namespace

std::filesystem::path manifest_file(const std::filesystem::path& dataset, std::uint64_t number) {
  return manifest_folder(dataset) / (padded(number) + std::string(kManifestEnding));
}

std::filesystem::path view_file(const std::filesystem::path& dataset, std::uint64_t manifest) {
  return view_folder(dataset) / (padded(manifest) + std::string(kViewEnding));
}

std::filesystem::path pin_file(const std::filesystem::path& dataset, std::uint64_t manifest, std::string_view owner) {
  return pin_folder(dataset) / (padded(manifest) + "-" + std::string(owner) + std::string(kPinEnding));
}

std::optional<std::uint64_t> manifest_of_view(std::string_view name) {
  return name.size() > kDigits && name.substr(kDigits) == kViewEnding ? number_of(name.substr(0, kDigits))
                                                                      : std::nullopt;
}

std::optional<Pin> pin_of_name(std::string_view name) {
  if (name.size() <= kDigits + 1 + kPinEnding.size() || name[kDigits] != '-' || !name.ends_with(kPinEnding)) {
    return std::nullopt;
  }
  const auto manifest = number_of(name.substr(0, kDigits));
  if (!manifest) return std::nullopt;
  return Pin{*manifest, std::string(name.substr(kDigits + 1, name.size() - kDigits - 1 - kPinEnding.size()))};
}

std::string new_segment_name(std::uint64_t sequence, std::uint64_t epoch) {
  return new_name(sequence, epoch, kSegmentEnding);
}

bool is_segment_name(std::string_view name) { return is_name(name, kSegmentEnding); }

std::string new_deletion_name(std::uint64_t manifest, std::uint64_t epoch) {
  return new_name(manifest, epoch, kDeletionEnding);
}

bool is_deletion_name(std::string_view name) { return is_name(name, kDeletionEnding); }

std::optional<std::uint64_t> epoch_of_name(std::string_view name) {
  if (name.size() <= kDigits + 1 || name[kDigits] != '-') return std::nullopt;
  std::uint64_t epoch = 0;
  const auto [stop, error] = std::from_chars(name.data() + kDigits + 1, name.data() + name.size(), epoch);
  if (error != std::errc() || stop == name.data() + name.size() || *stop != '-') return std::nullopt;
  return epoch;
}

std::optional<std::uint64_t> manifest_number(std::string_view name) {
  if (name.size() != kDigits + kManifestEnding.size() || !name.ends_with(kManifestEnding)) return std::nullopt;
  return number_of(name.substr(0, kDigits));
}

std::vector<std::uint64_t> manifest_numbers(const std::filesystem::path& dataset) {
  std::error_code error;
  std::vector<std::uint64_t> numbers;
  const auto folder = manifest_folder(dataset);
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto number = manifest_number(entry->path().filename().native())) numbers.push_back(*number);
  }
  // A folder of a dataset whose first commit is still to come has no manifests.
  if (error && !(error == std::errc::no_such_file_or_directory && std::filesystem::is_directory(dataset))) {
    core::throw_system_error("list the manifests of dataset", dataset, error.value());
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::uint64_t newest_manifest(const std::filesystem::path& dataset) {
  const auto numbers = manifest_numbers(dataset);
  return numbers.empty() ? 0 : numbers.back();
}

}  // namespace modyn::index

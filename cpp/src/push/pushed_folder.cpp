#include "push/pushed_folder.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/message.hpp"

namespace modyn::push {
namespace {

constexpr std::size_t kDigits = 8;
constexpr std::string_view kEnding = ".log";

std::string padded(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < kDigits ? kDigits - digits.size() : 0, '0') + digits;
}

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (name.size() < kDigits + kEnding.size() || !name.ends_with(kEnding)) return std::nullopt;
  name.remove_suffix(kEnding.size());
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || stop != name.data() + name.size() || number == 0) return std::nullopt;
  return padded(number) == name ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string log_name(std::uint64_t number) { return "pushed/" + padded(number) + std::string(kEnding); }

std::vector<std::uint64_t> log_numbers(const std::filesystem::path& dataset) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  const auto folder = pushed_folder(dataset);
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto number = number_of(entry->path().filename().native())) numbers.push_back(*number);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    core::throw_system_error("list folder", folder, error.value());
  }
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace modyn::push

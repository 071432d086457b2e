// Pieces of error messages: names and numbers as people read them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace modyn::core {

// 'name', always valid UTF-8 on one line: what is not (control characters, quotes, backslashes,
// broken sequences) is written as \xNN, so that no file name can garble or forge a message.
[[nodiscard]] std::string quoted(std::string_view bytes);
[[nodiscard]] inline std::string quoted(const std::string& bytes) { return quoted(std::string_view(bytes)); }
[[nodiscard]] std::string quoted(const std::filesystem::path& path);

// 1,234,567
[[nodiscard]] std::string grouped(std::uint64_t number);
[[nodiscard]] std::string grouped(std::int64_t number);

// Why a system call failed, without "errno".
[[nodiscard]] std::string reason_of(int error_number);

// kIo: "cannot <action> '<path>': <reason>".
[[noreturn]] void throw_system_error(std::string_view action, const std::filesystem::path& path, int error_number);

}  // namespace modyn::core

// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
#pragma once

#include <cstddef>
#include <string_view>

namespace modyn::core {

// Length of the well-formed sequence at `at`, 0 if there is none.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view bytes, std::size_t at) noexcept;

// Where the first byte that is not part of a well-formed sequence stands; bytes.size() if there is none.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view bytes) noexcept;

}  // namespace modyn::core

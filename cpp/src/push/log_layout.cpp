#include "push/log_layout.hpp"

#include <bit>
#include <span>

#include "core/crc32c.hpp"

namespace modyn::push {
namespace {

template <typename Header>
std::uint32_t checksum_before_last_word(const Header& header) noexcept {
  return core::crc32c(std::as_bytes(std::span(&header, 1)).first(sizeof(header) - sizeof(std::uint32_t)));
}

}  // namespace

std::uint32_t checksum_of(const LogHeader& header) noexcept { return checksum_before_last_word(header); }
std::uint32_t checksum_of(const FrameHeader& header) noexcept {
  return std::rotl(checksum_before_last_word(header), 15) + kChecksumMask;
}

}  // namespace modyn::push

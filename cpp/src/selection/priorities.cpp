#include <cstddef>

#include "modyn/selection.hpp"

namespace modyn {
namespace {

// Words of the address that no `Purpose` can collide with, nor the round keys of a permutation.
Address word_block(Address address, std::uint32_t block) noexcept {
  address.purpose = static_cast<Purpose>(static_cast<std::uint32_t>(address.purpose) | ((0x40 + block) << 24));
  return address;
}

}  // namespace

Priorities::Priorities(const Address& address) noexcept
    : words_{random_bits(word_block(address, 0)) & kMask, random_bits(word_block(address, 1)) & kMask,
             random_bits(word_block(address, 2)) & kMask} {}

void Priorities::apply(std::span<const Key> keys, std::span<std::uint64_t> out) const noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (*this)(keys[i]);
}

}  // namespace modyn

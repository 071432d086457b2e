// Priorities of many keys at once.
//
// A round multiplies numbers of 64 bits. Below AVX-512 no vector instruction does, and what compilers put together
// of 32-bit multiplications takes three times as long as one number after the other.
#include <cstddef>

#include "modyn/selection.hpp"

namespace modyn {
namespace {

// Words of the address that no `Purpose` can collide with, nor the round keys of a permutation.
Address word_block(Address address, std::uint32_t block) noexcept {
  address.purpose = static_cast<Purpose>(static_cast<std::uint32_t>(address.purpose) | ((0x40 + block) << 24));
  return address;
}

using Apply = void (*)(const Priorities&, const Key*, std::uint64_t*, std::size_t);

#if defined(__GNUC__) && !defined(__clang__)
[[gnu::optimize("no-tree-vectorize")]]
#endif
void apply_one_by_one(const Priorities& priorities, const Key* keys, std::uint64_t* out, std::size_t count) {
#if defined(__clang__)
#pragma clang loop vectorize(disable)
#endif
  for (std::size_t i = 0; i < count; ++i) out[i] = priorities(keys[i]);
}

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")]] void apply_avx512(const Priorities& priorities,
                                                                                       const Key* keys,
                                                                                       std::uint64_t* out,
                                                                                       std::size_t count) {
  const Priorities copy = priorities;  // which `out` cannot overlap
  for (std::size_t i = 0; i < count; ++i) out[i] = copy(keys[i]);
}
#endif

Apply choose_apply() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return apply_avx512;
#endif
  return apply_one_by_one;
}

}  // namespace

Priorities::Priorities(const Address& address) noexcept
    : words_{random_bits(word_block(address, 0)) & kMask, random_bits(word_block(address, 1)) & kMask,
             random_bits(word_block(address, 2)) & kMask} {}

void Priorities::apply(std::span<const Key> keys, std::span<std::uint64_t> out) const noexcept {
  static const Apply chosen = choose_apply();
  chosen(*this, keys.data(), out.data(), out.size());
}

}  // namespace modyn

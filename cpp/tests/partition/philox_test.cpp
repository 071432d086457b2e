#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "modyn/partition.hpp"

namespace modyn {
namespace {

struct KnownAnswer {
  std::array<std::uint32_t, 4> counter;
  std::array<std::uint32_t, 2> key;
  std::array<std::uint32_t, 4> output;
};

// philox4x32, 10 rounds, from the known-answer file of Random123.
constexpr std::array<KnownAnswer, 3> kKnownAnswers{{
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
}};

Address address_of(const KnownAnswer& known) {
  return {.seed = known.key[0] | (std::uint64_t{known.key[1]} << 32),
          .trigger = known.counter[2],
          .purpose = static_cast<Purpose>(known.counter[3]),
          .index = known.counter[0] | (std::uint64_t{known.counter[1]} << 32)};
}

TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  for (const KnownAnswer& known : kKnownAnswers) EXPECT_EQ(philox(address_of(known)), known.output);
}

TEST(Philox, RandomBitsAreTheFirstTwoWordsLowWordFirst) {
  EXPECT_EQ(random_bits(address_of(kKnownAnswers[0])), 0xe169c58d6627e8d5ULL);
}

TEST(Philox, EveryPartOfTheAddressChangesTheNumber) {
  const Address base{.seed = 7, .trigger = 3, .purpose = Purpose::kSample, .index = 11};
  std::set<std::uint64_t> seen{random_bits(base)};
  Address other = base;
  other.seed ^= std::uint64_t{1} << 40;
  seen.insert(random_bits(other));
  other = base;
  other.trigger = 4;
  seen.insert(random_bits(other));
  other = base;
  other.purpose = Purpose::kShuffle;
  seen.insert(random_bits(other));
  other = base;
  other.index = std::uint64_t{11} << 32;
  seen.insert(random_bits(other));
  EXPECT_EQ(seen.size(), 5U);
}

TEST(Philox, ARangeEqualsItsElements) {
  Address first{.seed = 1, .trigger = 2, .purpose = Purpose::kSample, .index = 0xfffffff0};
  std::vector<std::uint64_t> range(40);
  random_bits_range(first, range);
  for (const std::uint64_t value : range) {
    EXPECT_EQ(value, random_bits(first));
    ++first.index;
  }
}

}  // namespace
}  // namespace modyn

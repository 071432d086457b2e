#include <cmath>
#include <numeric>

#include "kernels/cpu/submodular/centre.hpp"
#include "kernels/cpu/submodular/features.hpp"
#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

struct Group {
  Group(std::size_t samples, std::size_t classes, std::size_t embedding, float common)
      : gradients(normal_numbers(samples * classes, 1)),
        embeddings(normal_numbers(samples * embedding, 2)),
        members(samples),
        factors{.gradients = gradients.data(),
                .embeddings = embedding == 0 ? nullptr : embeddings.data(),
                .count = samples,
                .classes = classes,
                .embedding = embedding} {
    for (float& number : gradients) number += common;
    for (float& number : embeddings) number += common;
    std::iota(members.begin(), members.end(), 0U);
  }

  [[nodiscard]] Features features(const Threads& threads = Threads()) const {
    return {factors, members, Similarity::kDistance, threads};
  }

  [[nodiscard]] double distance(std::size_t i, std::size_t j) const {
    double squared = 0;
    for (std::size_t row = 0; row < factors.classes; ++row) {
      const auto a = static_cast<double>(gradients[i * factors.classes + row]);
      const auto b = static_cast<double>(gradients[j * factors.classes + row]);
      squared += (a - b) * (a - b);
      for (std::size_t at = 0; at < factors.embedding; ++at) {
        const double difference = a * static_cast<double>(embeddings[i * factors.embedding + at]) -
                                  b * static_cast<double>(embeddings[j * factors.embedding + at]);
        squared += difference * difference;
      }
    }
    return std::sqrt(squared);
  }

  std::vector<float> gradients;
  std::vector<float> embeddings;
  std::vector<std::uint32_t> members;
  GradientFactors factors;
};

// [samples, samples], from tiles of so many rows and columns.
std::vector<std::int32_t> similarities(const Features& features, std::size_t rows, std::size_t columns) {
  const std::size_t samples = features.count();
  std::vector<std::int32_t> all(samples * samples);
  for (std::size_t column = 0; column < samples; column += columns) {
    std::vector<std::uint32_t> own(std::min(columns, samples - column));
    std::iota(own.begin(), own.end(), static_cast<std::uint32_t>(column));
    const PackedColumns packed = features.pack(own);
    for (std::size_t row = 0; row < samples; row += rows) {
      const std::size_t here = std::min(rows, samples - row);
      std::int32_t* tile = tile_of_thread();
      features.similarities(features.rows(row, here), packed, tile);
      for (std::size_t i = 0; i < here; ++i) {
        std::copy_n(tile + i * kTileColumns, own.size(), all.data() + (row + i) * samples + column);
      }
    }
  }
  return all;
}

using DistanceTiles = EveryIsa;

TEST_P(DistanceTiles, AreRightToTheWholeNumberWhateverSamplesHaveInCommon) {
  constexpr std::size_t kSamples = 90;
  for (const std::size_t embedding : {0, 1, 33}) {
    for (const float common : {0.0F, 1e3F}) {
      const Group group(kSamples, 5, embedding, common);
      const Features features = group.features();
      const std::vector<std::int32_t> found = similarities(features, kTileRows, kTileColumns);
      double largest = 0;
      for (std::size_t i = 0; i < kSamples; ++i) {
        for (std::size_t j = 0; j < kSamples; ++j) {
          const double expected = group.distance(i, j);
          largest = std::max(largest, expected);
          ASSERT_NEAR((kOne - found[i * kSamples + j]) * features.unit(), expected,
                      2 * features.unit() + 1e-7 * expected)
              << embedding << ", " << common << ": " << i << ", " << j;
        }
      }
      // No digits are left unused.
      EXPECT_LT(features.unit() * kOne, 8 * largest);
    }
  }
}

TEST_P(DistanceTiles, AreTheSameByAnyCutAndTurnedRound) {
  constexpr std::size_t kSamples = 300;
  for (const std::size_t embedding : {0, 17}) {
    const Group group(kSamples, 5, embedding, 2.5F);
    const Features features = group.features(test_threads(3));
    const std::vector<std::int32_t> found = similarities(features, kTileRows, kTileColumns);
    for (std::size_t i = 0; i < kSamples; ++i) {
      EXPECT_EQ(found[i * kSamples + i], kOne);
      for (std::size_t j = 0; j < i; ++j) ASSERT_EQ(found[i * kSamples + j], found[j * kSamples + i]) << i << ", " << j;
    }
    EXPECT_EQ(similarities(features, 1, 7), found);
    EXPECT_EQ(similarities(group.features(), 5, 1), found);
    CopiedRows copy;
    const TileRows rows = features.rows(std::vector<std::uint32_t>{7, 2, 250}, copy);
    features.similarities(rows, features.block(1), tile_of_thread());
    EXPECT_EQ(tile_of_thread()[kTileColumns + 3], found[2 * kSamples + kTileColumns + 3]);
  }
}

TEST(CentredRows, KeepEveryDigitOfWholeNumbers) {
  std::vector<float> rows(3000);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(100'000 + i * 7919 % 1001);
  const std::vector<float> before = rows;
  const Centre centre = centre_rows(rows, 3, test_threads(3));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(std::ldexp(static_cast<double>(rows[i]) + centre.middle[i % 3], centre.exponent), before[i]);
    ASSERT_LE(std::abs(rows[i]), 1.0F);
  }
}

TEST(CentredRows, LeaveSmallNumbersAloneBesideAFewLargeOnes) {
  std::vector<float> rows(100, 0.01F);
  rows[40] = 1e5F;
  static_cast<void>(centre_rows(rows, 1, Threads()));
  EXPECT_EQ(rows[0], std::ldexp(0.01F, -17));
}

TEST(CentredRows, MayBeAsLargeAsNumbersAreOrAllTheSameOrNone) {
  std::vector<float> rows{3e38F, 5.0F, -3e38F, 5.0F};
  const Centre centre = centre_rows(rows, 2, Threads());
  for (const float number : rows) EXPECT_LE(std::abs(number), 1.0F);
  EXPECT_EQ(rows[1], 0.0F);
  EXPECT_EQ(std::ldexp(centre.middle[1], centre.exponent), 5.0);
  std::vector<float> none;
  EXPECT_EQ(centre_rows(none, 4, Threads()).middle, std::vector<double>(4));
}

MODYN_TEST_EVERY_ISA(DistanceTiles);

}  // namespace
}  // namespace modyn::kernels

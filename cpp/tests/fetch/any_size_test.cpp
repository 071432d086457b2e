// Samples of any size, from extents of every kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include <fcntl.h>

#include "core/file.hpp"
#include "fetch/fetch_samples.hpp"
#include "fetch/mixed_dataset.hpp"
#include "modyn/fetch.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::expect_own_samples;
using testing::message_of;
using testing::MixedDataset;

std::vector<Key> random_keys(std::size_t count, std::uint64_t samples, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<Key> any(0, static_cast<Key>(samples) - 1);
  std::vector<Key> keys(count);
  std::ranges::generate(keys, [&] { return any(generator); });
  return keys;
}

std::vector<std::uint64_t> random_sizes(std::mt19937_64& generator, std::size_t count, std::uint64_t most) {
  std::vector<std::uint64_t> sizes(count);
  // Empty ones, short ones, and a few long ones.
  std::ranges::generate(sizes, [&] {
    const std::uint64_t kind = generator() % 8;
    return kind == 0 ? 0 : generator() % (kind == 1 ? most : 40);
  });
  return sizes;
}

class AnySize : public ::testing::TestWithParam<Access> {
 protected:
  // Every way of reading, with one thread and few open files, or many.
  void expect_all_right(const MixedDataset& dataset, const std::shared_ptr<const Index>& index,
                        std::size_t keys = 600) {
    for (const unsigned threads : {1U, 3U}) {
      for (const std::size_t max_open_files : {1, 2, 4096}) {
        const Reader reader(index, dataset.root(), threads, max_open_files, GetParam());
        for (unsigned seed = 0; seed < 3; ++seed) {
          expect_own_samples(dataset, reader, random_keys(keys, dataset.samples(), seed));
        }
        std::vector<Key> all(dataset.samples());
        std::iota(all.begin(), all.end(), 0);
        expect_own_samples(dataset, reader, all);
      }
    }
  }
};

TEST_P(AnySize, EverySampleIsReturnedUnderItsOwnKey) {
  std::mt19937_64 generator(1);
  MixedDataset dataset;
  std::shared_ptr<const Index> index;
  for (int commit = 0; commit < 3; ++commit) {
    dataset.add_rows(random_sizes(generator, 200, 10'000));
    dataset.add_rows(random_sizes(generator, 150, 5'000), true);
    dataset.add_files(random_sizes(generator, 60, 20'000));
    dataset.add_rows(random_sizes(generator, 1, 300));
    index = dataset.commit();
  }
  expect_all_right(dataset, index);
}

TEST_P(AnySize, LongSamplesAreReturnedWhole) {
  MixedDataset dataset;
  dataset.add_rows({64 * 1024 - 1, 0, 1'500'000, 64 * 1024, 70'000, 5, 300'000});
  dataset.add_files({2'500'000, 0, 1});
  expect_all_right(dataset, dataset.commit(), 12);
}

TEST_P(AnySize, FilesWithoutAByteHaveSamplesWithoutAByte) {
  MixedDataset dataset;
  dataset.add_files({0, 0, 0});
  dataset.add_files({0});
  expect_all_right(dataset, dataset.commit());
}

TEST_P(AnySize, SamplesBeyondFourGigabytesAreFound) {
  MixedDataset dataset;
  dataset.add_rows_behind((std::uint64_t{1} << 32) + 4090, {100, 5000, 0, 33});
  dataset.add_rows_behind(std::uint64_t{1} << 33, {1});
  expect_all_right(dataset, dataset.commit());
}

TEST_P(AnySize, PushedSamplesLieBesideFixedRecords) {
  for (const FixedRecordFormat& format :
       {FixedRecordFormat{.record_size = 24, .label_size = 4, .label_offset = 8},
        FixedRecordFormat{.record_size = 9000, .label_size = 2, .label_offset = 8998, .label_signed = true},
        FixedRecordFormat{.record_size = 70'001,
                          .label_size = 3,
                          .label_offset = 100,
                          .byte_order = ByteOrder::kBig,
                          .label_signed = true}}) {
    MixedDataset dataset(format);
    dataset.add_records(40);
    dataset.add_pushed_samples(30);
    dataset.add_records(1);
    dataset.add_pushed_samples(1);
    const auto index = dataset.commit();
    expect_all_right(dataset, index);

    const Reader reader(index, dataset.root(), 0, 4096, GetParam());
    ASSERT_EQ(reader.sample_size(), format.sample_size());
    const auto keys = random_keys(200, dataset.samples(), 4);
    const std::uint64_t size = format.sample_size();
    std::vector<std::int64_t> labels(keys.size());
    std::vector<std::byte> data(keys.size() * size);
    reader.fetch(keys, labels, data);
    // A field on either side of the label's place, and one across it.
    const std::vector<Field> fields{{0, 5}, {format.label_offset / 2, size - format.label_offset / 2}, {size - 1, 1}};
    std::vector<std::vector<std::byte>> columns;
    std::vector<std::byte*> outputs;
    for (const Field& field : fields) columns.emplace_back(keys.size() * field.length);
    for (auto& column : columns) outputs.push_back(column.data());
    std::vector<std::int64_t> labels_of_fields(keys.size());
    reader.fetch_fields(keys, fields, labels_of_fields, outputs);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto sample = dataset.sample(keys[i]);
      ASSERT_EQ(labels[i], dataset.label(keys[i]));
      ASSERT_EQ(labels_of_fields[i], dataset.label(keys[i]));
      ASSERT_TRUE(std::ranges::equal(sample, std::span(data).subspan(i * size, size)));
      for (std::size_t f = 0; f < fields.size(); ++f) {
        ASSERT_TRUE(std::ranges::equal(std::span(sample).subspan(fields[f].offset, fields[f].length),
                                       std::span(columns[f]).subspan(i * fields[f].length, fields[f].length)));
      }
    }
  }
}

// Makes the page cache forget a file, as if it had never been read.
void forget(const std::filesystem::path& path) {
#if defined(POSIX_FADV_DONTNEED)
  const core::Descriptor file = core::open_for_reading(path);
  core::sync_file(file, path);
  static_cast<void>(::posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED));
#else
  static_cast<void>(path);
#endif
}

TEST_P(AnySize, WhatIsNotInMemoryIsReadFromDisk) {
  std::mt19937_64 generator(5);
  MixedDataset dataset;
  for (int i = 0; i < 3; ++i) dataset.add_rows(random_sizes(generator, 2000, 20'000));
  dataset.add_files(random_sizes(generator, 100, 20'000));
  const auto index = dataset.commit();
  for (const unsigned threads : {1U, 0U}) {
    const Reader reader(index, dataset.root(), threads, threads == 1 ? 2 : 4096, GetParam());
    for (const bool advised : {false, true}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(dataset.root())) {
        if (entry.is_regular_file()) forget(entry.path());
      }
      const auto keys = random_keys(3000, dataset.samples(), 1);
      if (advised) reader.advise(keys);
      expect_own_samples(dataset, reader, keys);
    }
  }
}

TEST_P(AnySize, AdviceChangesNothing) {
  std::mt19937_64 generator(2);
  MixedDataset dataset;
  dataset.add_rows(random_sizes(generator, 300, 3000));
  dataset.add_files(random_sizes(generator, 30, 3000));
  const Reader reader(dataset.commit(), dataset.root(), 0, 4096, GetParam());
  const auto keys = random_keys(100, dataset.samples(), 1);
  reader.advise(keys);
  reader.advise({});
  expect_own_samples(dataset, reader, keys);
  EXPECT_TRUE(testing::throws(ErrorKind::kUnknownKey, [&] { reader.advise(std::vector<Key>{3, 5000}); }));
}

INSTANTIATE_TEST_SUITE_P(Ways, AnySize, ::testing::Values(Access::kAutomatic, Access::kMap, Access::kRead),
                         [](const auto& parameter) {
                           if (parameter.param == Access::kMap) return "Mapped";
                           return parameter.param == Access::kRead ? "Read" : "Automatic";
                         });

TEST(AnySizeReader, SaysThatSamplesDifferInSize) {
  MixedDataset dataset;
  dataset.add_rows({3, 4});
  const Reader reader(dataset.commit(), dataset.root());
  EXPECT_EQ(reader.sample_size(), std::nullopt);
  std::vector<std::int64_t> labels(1);
  std::vector<std::byte> data(3);
  const auto message =
      message_of(ErrorKind::kInvalidArgument, [&] { reader.fetch(std::vector<Key>{0}, labels, data); });
  EXPECT_NE(message.find("no fixed size"), std::string::npos) << message;
  std::byte* const output = data.data();
  const Field field{0, 3};
  message_of(ErrorKind::kInvalidArgument,
             [&] { reader.fetch_fields(std::vector<Key>{0}, {&field, 1}, labels, {&output, 1}); });
}

TEST(AnySizeReader, RefusesOffsetsThatDoNotFit) {
  MixedDataset dataset;
  dataset.add_rows({3, 4});
  dataset.add_files({5});
  const Reader reader(dataset.commit(), dataset.root());
  std::vector<std::int64_t> labels(3);
  std::vector<std::byte> data(12);
  const std::vector<Key> keys{0, 1, 2};
  for (const std::vector<std::int64_t>& offsets : {std::vector<std::int64_t>{0, 3, 7},
                                                   {1, 3, 7, 12},
                                                   {0, 3, 7, 11},
                                                   {0, 9, 7, 12},
                                                   {0, 4, 7, 12},
                                                   {0, 3, 6, 12}}) {
    EXPECT_TRUE(testing::throws(ErrorKind::kInvalidArgument,
                                [&] { reader.fetch_any(keys, offsets, labels, std::span(data)); }));
  }
  reader.fetch_any(keys, std::vector<std::int64_t>{0, 3, 7, 12}, labels, data);
}

TEST(AnySizeReader, NamesUnknownKeys) {
  MixedDataset dataset;
  dataset.add_files({5, 6});
  const Reader reader(dataset.commit(), dataset.root());
  std::vector<std::uint64_t> sizes(2);
  EXPECT_TRUE(testing::throws(ErrorKind::kUnknownKey, [&] { reader.sizes(std::vector<Key>{0, 2}, sizes); }));
  EXPECT_TRUE(testing::throws(ErrorKind::kUnknownKey, [&] { reader.sizes(std::vector<Key>{-1, 0}, sizes); }));
}

TEST(AnySizeReader, ServesManyThreadsAtOnce) {
  std::mt19937_64 generator(3);
  MixedDataset dataset;
  for (int i = 0; i < 10; ++i) dataset.add_rows(random_sizes(generator, 80, 3000));
  dataset.add_files(random_sizes(generator, 100, 3000));
  const auto index = dataset.commit();
  for (const Access access : {Access::kMap, Access::kRead}) {
    const Reader reader(index, dataset.root(), 0, 3, access);
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 5; ++seed) {
      threads.emplace_back([&, seed] {
        for (unsigned round = 0; round < 5; ++round) {
          expect_own_samples(dataset, reader, random_keys(2000, dataset.samples(), 100 * seed + round));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace modyn

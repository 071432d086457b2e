#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "modyn/fetch.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::RecordFiles;

struct Samples {
  std::vector<std::int64_t> labels;
  std::vector<std::byte> data;
};

Samples fetch(const Reader& reader, const std::vector<Key>& keys) {
  Samples samples{std::vector<std::int64_t>(keys.size()),
                  std::vector<std::byte>(keys.size() * reader.format().sample_size())};
  reader.fetch(keys, samples.labels, samples.data);
  return samples;
}

void expect_own_samples(const RecordFiles& files, const std::vector<Key>& keys, const Samples& samples) {
  const std::size_t size = files.format().sample_size();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(samples.labels[i], files.label(keys[i])) << "label of key " << keys[i] << " at " << i;
    const auto expected = files.sample(keys[i]);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), samples.data.begin() + static_cast<long>(i * size)))
        << "sample of key " << keys[i] << " at " << i;
  }
}

std::vector<Key> random_keys(std::size_t count, std::uint64_t samples, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<Key> any(0, static_cast<Key>(samples) - 1);
  std::vector<Key> keys(count);
  std::ranges::generate(keys, [&] { return any(generator); });
  return keys;
}

std::string message_of(const std::function<void()>& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

constexpr FixedRecordFormat kFormat{.record_size = 24, .label_size = 4, .label_offset = 0};

class ReaderOfFormat : public ::testing::TestWithParam<FixedRecordFormat> {};

TEST_P(ReaderOfFormat, ReturnsEverySampleUnderItsOwnKey) {
  RecordFiles files(GetParam(), {100, 1, 37, 250, 3, 3, 3, 64});
  const Reader reader(files.scan(), files.root());
  for (unsigned seed = 0; seed < 5; ++seed) {
    const auto keys = random_keys(1000, files.samples(), seed);  // more keys than samples: repeats
    expect_own_samples(files, keys, fetch(reader, keys));
  }
}

TEST_P(ReaderOfFormat, GivesAnyFieldsOfTheSample) {
  RecordFiles files(GetParam(), {20, 30});
  const Reader reader(files.scan(), files.root());
  const auto keys = random_keys(80, files.samples(), 7);
  const std::uint64_t size = files.format().sample_size();
  std::vector<Field> fields;
  for (std::uint64_t offset = 0; offset < size; offset += std::max<std::uint64_t>(1, size / 7)) {
    for (std::uint64_t length : {std::uint64_t{1}, (size - offset + 1) / 2, size - offset}) {
      fields.push_back({offset, length});
    }
  }
  std::vector<std::vector<std::byte>> columns;
  std::vector<std::byte*> outputs;
  for (const Field& field : fields) columns.emplace_back(keys.size() * field.length);
  for (auto& column : columns) outputs.push_back(column.data());
  std::vector<std::int64_t> labels(keys.size());
  reader.fetch_fields(keys, fields, labels, outputs);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(labels[i], files.label(keys[i]));
    const auto sample = files.sample(keys[i]);
    for (std::size_t f = 0; f < fields.size(); ++f) {
      ASSERT_TRUE(std::equal(columns[f].begin() + static_cast<long>(i * fields[f].length),
                             columns[f].begin() + static_cast<long>((i + 1) * fields[f].length),
                             sample.begin() + static_cast<long>(fields[f].offset)))
          << "field at " << fields[f].offset << " of " << fields[f].length;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, ReaderOfFormat,
    ::testing::Values(kFormat, FixedRecordFormat{.record_size = 5, .label_size = 1, .label_offset = 4},
                      FixedRecordFormat{.record_size = 13, .label_size = 2, .label_offset = 5, .label_signed = true},
                      FixedRecordFormat{.record_size = 160, .label_size = 8, .label_offset = 77, .label_signed = true},
                      FixedRecordFormat{.record_size = 64,
                                        .label_size = 3,
                                        .label_offset = 61,
                                        .byte_order = ByteOrder::kBig,
                                        .label_signed = true},
                      FixedRecordFormat{
                          .record_size = 1024, .label_size = 7, .label_offset = 512, .byte_order = ByteOrder::kBig},
                      FixedRecordFormat{.record_size = 12288, .label_size = 4, .label_offset = 0}));

TEST(Reader, AnEmptyRequestGivesNothing) {
  RecordFiles files(kFormat, {3});
  const Reader reader(files.scan(), files.root());
  EXPECT_NO_THROW(fetch(reader, {}));
}

TEST(Reader, NamesUnknownKeys) {
  RecordFiles files(kFormat, {3, 4});
  const Reader reader(files.scan(), files.root());
  for (const Key key : {Key{7}, Key{-1}, Key{1} << 62}) {
    const auto message = message_of([&] { fetch(reader, {0, key, 3}); }, ErrorKind::kUnknownKey);
    EXPECT_NE(message.find(std::to_string(key).substr(0, 2)), std::string::npos) << message;
  }
}

TEST(Reader, RefusesOutputsOfTheWrongSize) {
  RecordFiles files(kFormat, {3});
  const Reader reader(files.scan(), files.root());
  const std::vector<Key> keys{0, 1};
  std::vector<std::int64_t> labels(2);
  std::vector<std::byte> data(2 * 20 - 1);
  message_of([&] { reader.fetch(keys, labels, data); }, ErrorKind::kInvalidArgument);
  data.resize(40);
  labels.resize(3);
  message_of([&] { reader.fetch(keys, labels, data); }, ErrorKind::kInvalidArgument);
}

TEST(Reader, RefusesFieldsThatAreEmptyOrBeyondTheSample) {
  RecordFiles files(kFormat, {3});
  const Reader reader(files.scan(), files.root());
  std::vector<std::int64_t> labels(1);
  std::vector<std::byte> data(64);
  std::byte* const output = data.data();
  for (const Field field : {Field{0, 0}, Field{0, 21}, Field{20, 1}, Field{~std::uint64_t{0}, 2}}) {
    message_of([&] { reader.fetch_fields(std::vector<Key>{0}, {&field, 1}, labels, {&output, 1}); },
               ErrorKind::kInvalidArgument);
  }
}

TEST(Reader, KeepsNoMoreFilesOpenThanItMay) {
  RecordFiles files(kFormat, std::vector<std::uint64_t>(50, 10));
  const auto index = files.scan();
  const auto open_descriptors = [] {
    const std::filesystem::path folder = "/proc/self/fd";
    if (!std::filesystem::exists(folder)) return std::ptrdiff_t{0};
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  };
  const auto before = open_descriptors();
  const Reader reader(index, files.root(), 1, 3);
  for (unsigned seed = 0; seed < 3; ++seed) {
    const auto keys = random_keys(500, files.samples(), seed);
    expect_own_samples(files, keys, fetch(reader, keys));
    EXPECT_LE(open_descriptors(), before + 3);
  }
}

TEST(Reader, ServesManyThreadsAtOnce) {
  RecordFiles files(kFormat, std::vector<std::uint64_t>(40, 100));
  const Reader reader(files.scan(), files.root(), 0, 7);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 6; ++seed) {
    threads.emplace_back([&, seed] {
      for (unsigned round = 0; round < 10; ++round) {
        const auto keys = random_keys(3000, files.samples(), 100 * seed + round);
        expect_own_samples(files, keys, fetch(reader, keys));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Reader, TakesRequestsLargerThanABlockOfItsOrder) {
  RecordFiles files({.record_size = 3, .label_size = 1, .label_offset = 1}, {700'000, 500'000});
  const Reader reader(files.scan(), files.root());
  std::vector<Key> keys(files.samples());
  std::iota(keys.begin(), keys.end(), 0);
  std::ranges::shuffle(keys, std::mt19937_64(3));
  expect_own_samples(files, keys, fetch(reader, keys));
  std::ranges::sort(keys);
  expect_own_samples(files, keys, fetch(reader, keys));
}

}  // namespace
}  // namespace modyn

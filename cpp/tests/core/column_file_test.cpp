#include "modyn/column_file.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "modyn/error.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::message_of;
using testing::throws;

class ColumnFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& name = "file") const { return folder_.path() / name; }

  std::shared_ptr<const ColumnFile> write_numbers(std::size_t count) {
    std::vector<std::uint32_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0U);
    ColumnFileWriter writer(FileKind::kView);
    writer.add<std::uint32_t>("numbers", numbers);
    writer.replace(path());
    return ColumnFile::open(path(), FileKind::kView);
  }

 private:
  testing::TemporaryFolder folder_;
};

template <typename T>
class ColumnTypeTest : public ::testing::Test {};
using Types = ::testing::Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
                               std::uint64_t, std::int64_t, float>;
TYPED_TEST_SUITE(ColumnTypeTest, Types);

TYPED_TEST(ColumnTypeTest, ComesBackAsItWasWritten) {
  const testing::TemporaryFolder folder;
  std::mt19937_64 generator(1);
  for (const std::size_t count : {0, 1, 7, 4096, 100'000}) {
    std::vector<TypeParam> values(count);
    for (TypeParam& value : values) value = static_cast<TypeParam>(generator());
    const auto path = folder.path() / std::to_string(count);
    const std::vector<std::uint8_t> before{1, 2, 3};
    ColumnFileWriter writer(FileKind::kSegment);
    writer.add<std::uint8_t>("before", before);
    writer.add<TypeParam>("values", values);
    writer.publish(path);

    const auto file = ColumnFile::open(path, FileKind::kSegment);
    EXPECT_EQ(file->type("values"), column_type<TypeParam>());
    EXPECT_EQ(file->size("values"), count);
    EXPECT_TRUE(std::ranges::equal(file->read<TypeParam>("values"), values));
    EXPECT_TRUE(std::ranges::equal(file->read<TypeParam>("values", count / 2, count - count / 2),
                                   std::span(values).subspan(count / 2)));
    file->verify();
  }
}

TEST_F(ColumnFileTest, HoldsColumnsByName) {
  const auto file = write_numbers(10);
  EXPECT_TRUE(file->has("numbers"));
  EXPECT_FALSE(file->has("number"));
  EXPECT_NE(message_of(ErrorKind::kCorrupt, [&] { static_cast<void>(file->size("letters")); }).find("'letters'"),
            std::string::npos);
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { static_cast<void>(file->read<std::int32_t>("numbers")); }))
      << "another type";
}

TEST_F(ColumnFileTest, ReadsNothingBeyondTheEnd) {
  const auto file = write_numbers(10);
  EXPECT_EQ(file->read<std::uint32_t>("numbers", 10, 0).size(), 0U);
  EXPECT_TRUE(
      throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(file->read<std::uint32_t>("numbers", 10, 1)); }));
  EXPECT_TRUE(
      throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(file->read<std::uint32_t>("numbers", 11, 0)); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument,
                     [&] { static_cast<void>(file->read<std::uint32_t>("numbers", 1, ~std::uint64_t{0})); }));
}

TEST_F(ColumnFileTest, GivesSingleElementsThroughAHandle) {
  const auto file = write_numbers(5000);
  const auto column = file->column<std::uint32_t>("numbers");
  EXPECT_EQ(column.size(), 5000U);
  for (std::uint32_t i = 0; i < 5000; i += 7) ASSERT_EQ(column[i], i);
}

TEST_F(ColumnFileTest, WithoutColumnsIsAFile) {
  ColumnFileWriter(FileKind::kView).publish(path());
  ColumnFile::open(path(), FileKind::kView)->verify();
}

TEST_F(ColumnFileTest, RefusesImpossibleColumns) {
  ColumnFileWriter writer(FileKind::kView);
  const std::vector<std::byte> bytes(12);
  const auto add = [&](std::string_view name, ColumnType type) {
    return [&, name, type] { writer.add(name, type, bytes); };
  };
  writer.add("numbers", ColumnType::kUint32, bytes);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, add("numbers", ColumnType::kUint32))) << "repeated";
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, add("", ColumnType::kUint32)));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, add("longer than 23 characters", ColumnType::kUint32)));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, add("doubles", ColumnType::kUint64))) << "12 bytes";
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, add("unknown", static_cast<ColumnType>(99))));
}

TEST_F(ColumnFileTest, IsPublishedOnceAndReplacedOnRequest) {
  write_numbers(10);
  ColumnFileWriter other(FileKind::kView);
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { other.publish(path()); }));
  EXPECT_TRUE(ColumnFile::open(path(), FileKind::kView)->has("numbers"));
  other.replace(path());
  EXPECT_FALSE(ColumnFile::open(path(), FileKind::kView)->has("numbers"));
}

TEST_F(ColumnFileTest, StaysReadableAfterItWasReplacedOrRemoved) {
  const auto file = write_numbers(10'000);
  std::filesystem::remove(path());
  EXPECT_EQ(file->read<std::uint32_t>("numbers").back(), 9999U);
}

TEST_F(ColumnFileTest, OfAnotherKindIsRefused) {
  write_numbers(1);
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { ColumnFile::open(path(), FileKind::kManifest); }));
}

TEST_F(ColumnFileTest, ThatIsMissingIsAnErrorThatNamesIt) {
  EXPECT_NE(message_of(ErrorKind::kIo, [&] { ColumnFile::open(path("absent"), FileKind::kView); }).find("absent"),
            std::string::npos);
}

TEST_F(ColumnFileTest, ThatIsSomethingElseIsRefused) {
  for (const std::size_t size : {0, 1, 63, 64, 65, 4096, 10'000}) {
    testing::write_text(path("other"), std::string(size, 'x'));
    EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { ColumnFile::open(path("other"), FileKind::kView); })) << size;
  }
}

TEST_F(ColumnFileTest, TheDigestTellsContentsApart) {
  const auto first = write_numbers(10)->digest();
  EXPECT_EQ(write_numbers(10)->digest(), first);
  EXPECT_NE(write_numbers(11)->digest(), first);
}

TEST_F(ColumnFileTest, IsReadByManyThreadsAtOnce) {
  const auto file = write_numbers(200'000);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&file, seed] {
      std::mt19937 generator(seed);
      const auto column = file->column<std::uint32_t>("numbers");
      for (int i = 0; i < 5000; ++i) {
        const auto at = static_cast<std::uint32_t>(generator() % 200'000);
        ASSERT_EQ(column[at], at);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace modyn

// Every byte of a column file is covered by some checksum.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "modyn/column_file.hpp"
#include "modyn/error.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::throws;
using Bytes = std::vector<std::byte>;

// Reads all that a reader can see, without verify().
void read_everything(const std::filesystem::path& path) {
  const auto file = ColumnFile::open(path, FileKind::kSegment);
  static_cast<void>(file->read<std::uint8_t>("flags"));
  static_cast<void>(file->read<std::int64_t>("numbers"));
  static_cast<void>(file->read<float>("none"));
  static_cast<void>(file->read<std::uint16_t>("last"));
}

class ColumnFileCorruptionTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    std::vector<std::uint8_t> flags(5, 1);
    std::vector<std::int64_t> numbers(GetParam());
    std::iota(numbers.begin(), numbers.end(), -7);
    const std::vector<std::uint16_t> last{1, 2, 3};
    ColumnFileWriter writer(FileKind::kSegment);
    writer.add<std::uint8_t>("flags", flags);
    writer.add<std::int64_t>("numbers", numbers);
    writer.add<float>("none", {});
    writer.add<std::uint16_t>("last", last);
    writer.publish(path());
    intact_ = testing::read_bytes(path());
    read_everything(path());
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "file"; }

  // Whether `action` finds the file corrupt after these bytes were changed; they are put back.
  template <typename Action>
  [[nodiscard]] ::testing::AssertionResult is_detected(std::size_t first, const Bytes& damage, Action action) const {
    testing::overwrite(path(), first, damage);
    const auto result = throws(ErrorKind::kCorrupt, action);
    testing::overwrite(path(), first, std::span(intact_).subspan(first, damage.size()));
    return result;
  }

  Bytes intact_;

 private:
  testing::TemporaryFolder folder_;
};

TEST_P(ColumnFileCorruptionTest, OfAnyByteIsDetectedWhenOpenedOrRead) {
  std::mt19937 generator(1);
  for (std::size_t at = 0; at < intact_.size(); ++at) {
    const std::byte damaged = intact_[at] ^ static_cast<std::byte>(1 + generator() % 255);
    ASSERT_TRUE(is_detected(at, {damaged}, [&] { read_everything(path()); })) << "byte " << at;
  }
  read_everything(path());
}

TEST_P(ColumnFileCorruptionTest, OfAnyByteIsDetectedByVerify) {
  for (std::size_t at = 0; at < intact_.size(); ++at) {
    ASSERT_TRUE(is_detected(at, {~intact_[at]}, [&] { ColumnFile::open(path(), FileKind::kSegment)->verify(); })) << at;
  }
}

TEST_P(ColumnFileCorruptionTest, ByZeroedBlocksIsDetected) {
  for (std::size_t first = 0; first < intact_.size(); first += 512) {
    const std::size_t count = std::min<std::size_t>(512, intact_.size() - first);
    const Bytes zeros(count, std::byte{0});
    if (std::ranges::equal(zeros, std::span(intact_).subspan(first, count))) continue;
    ASSERT_TRUE(is_detected(first, zeros, [&] { read_everything(path()); })) << first;
  }
}

TEST_P(ColumnFileCorruptionTest, ByCuttingAnywhereIsDetectedWhenOpened) {
  for (std::size_t size = intact_.size(); size-- > 0;) {
    std::filesystem::resize_file(path(), size);
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { ColumnFile::open(path(), FileKind::kSegment); })) << size;
  }
}

TEST_P(ColumnFileCorruptionTest, ByAppendingIsDetectedWhenOpened) {
  for (std::size_t more = 1; more < 5000; more += 1 + more / 7) {
    std::filesystem::resize_file(path(), intact_.size() + more);
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { ColumnFile::open(path(), FileKind::kSegment); })) << more;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ColumnFileCorruptionTest, ::testing::Values(0, 3, 464, 465, 1000));

}  // namespace
}  // namespace modyn

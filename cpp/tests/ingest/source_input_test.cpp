#include "ingest/source_input.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "ingest/source_folder.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::ingest {
namespace {

// A file that is large enough to be mapped.
class SourceInputTest : public ::testing::Test {
 protected:
  SourceInputTest() {
    std::mt19937_64 generator(1);
    bytes_.resize(kBytes);
    for (std::byte& byte : bytes_) byte = static_cast<std::byte>(generator());
    std::ofstream(path(), std::ios::binary).write(reinterpret_cast<const char*>(bytes_.data()), kBytes);
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "a.bin"; }

  [[nodiscard]] SourceState state(std::uint64_t first_byte = 0) const {
    struct stat status{};
    EXPECT_EQ(::stat(path().c_str(), &status), 0);
    return {.path = "a.bin", .status = core::file_status(status), .companion = 0, .first_byte = first_byte};
  }

  [[nodiscard]] std::vector<std::byte> pieces(std::uint64_t offset, std::uint64_t stride, std::uint64_t width) const {
    std::vector<std::byte> expected;
    for (; offset + width <= kBytes; offset += stride) {
      for (std::uint64_t at = 0; at < width; ++at) expected.push_back(bytes_[offset + at]);
    }
    return expected;
  }

  static constexpr std::uint64_t kBytes = 3 << 20U;
  testing::TemporaryFolder folder_;
  std::vector<std::byte> bytes_;
};

TEST_F(SourceInputTest, ReadsPiecesAtAnyDistance) {
  const SourceFolder source(folder_.path());
  SourceInput input(source, state(), "", true, 1);
  input.open();
  for (const std::uint64_t width : {1, 2, 3, 4, 8, 11, 160}) {
    for (const std::uint64_t stride :
         {width, width + 1, std::uint64_t{160}, std::uint64_t{8192}, std::uint64_t{70'001}}) {
      if (stride < width) continue;
      for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{5}, kBytes - width}) {
        const auto expected = pieces(offset, stride, width);
        std::vector<std::byte> out(expected.size());
        input.read_strided(offset, stride, width, out);
        ASSERT_EQ(out, expected) << width << " bytes, " << stride << " apart, from " << offset;
      }
    }
  }
}

TEST_F(SourceInputTest, ReadsPiecesAsAFileInputDoesByReading) {
  const SourceFolder source(folder_.path());
  SourceInput input(source, state(160), "", true, 1);
  input.open();
  for (const std::uint64_t stride : {7, 160, 9'000}) {
    const auto expected = pieces(160, stride, 5);
    std::vector<std::byte> out(expected.size());
    input.FileInput::read_strided(160, stride, 5, out);
    EXPECT_EQ(out, expected);
  }
}

TEST_F(SourceInputTest, AFileThatIsCutOffWhileItIsReadHasChanged) {
  const SourceFolder source(folder_.path());
  SourceInput input(source, state(), "", true, 1);
  input.open();
  std::vector<std::byte> out(4 * (kBytes / 160));
  input.read_strided(0, 160, 4, out);
  std::filesystem::resize_file(path(), 4096);
  EXPECT_THROW(input.read_strided(0, 160, 4, out), FileChanged);
  EXPECT_THROW(static_cast<void>(input.finish()), FileChanged);
}

TEST_F(SourceInputTest, NothingIsReadBeyondItsEnd) {
  const SourceFolder source(folder_.path());
  SourceInput input(source, state(), "", true, 1);
  input.open();
  std::vector<std::byte> out(8);
  EXPECT_THROW(input.read_strided(kBytes - 4, 160, 8, out), FileChanged);
  std::vector<std::byte> nothing;
  EXPECT_NO_THROW(input.read_strided(kBytes, 160, 4, nothing));
}

}  // namespace
}  // namespace modyn::ingest

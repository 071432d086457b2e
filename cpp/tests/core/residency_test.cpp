#include "core/residency.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace modyn::core {
namespace {

TEST(ResidencyTest, BytesThatWereJustWrittenAreInMemoryOrNobodyKnows) {
  char name[] = "/tmp/modyn-residency-XXXXXX";
  const Descriptor file(::mkstemp(name));
  ::unlink(name);
  const std::array<std::byte, 8192> bytes{};
  write_all(file, bytes, name);
  EXPECT_NE(residency(file, 0), Residency::kNotCached);
  EXPECT_NE(residency(file, 8191), Residency::kNotCached);
}

TEST(ResidencyTest, OfAFileThatCannotBeReadNobodyKnows) {
  const Descriptor file(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(file.is_open());
  EXPECT_EQ(residency(file, 0), Residency::kUnknown);
}

}  // namespace
}  // namespace modyn::core

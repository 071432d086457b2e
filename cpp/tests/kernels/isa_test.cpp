#include "modyn/kernels/isa.hpp"

#include <gtest/gtest.h>

namespace modyn::kernels {
namespace {

TEST(Isa, TheBestIsInUseUnlessAnotherIsAskedFor) {
  const std::vector<Isa> available = available_isas();
  ASSERT_FALSE(available.empty());
  EXPECT_EQ(available.front(), Isa::kPortable);
  EXPECT_EQ(isa(), available.back());
  use_isa(Isa::kPortable);
  EXPECT_EQ(isa(), Isa::kPortable);
  use_isa(available.back());
}

}  // namespace
}  // namespace modyn::kernels

#include "fetch/touched_files.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "support/temporary_folder.hpp"

namespace modyn::fetch {
namespace {

TEST(TouchedFiles, FindsWhatWasAddedUntilItIsCleared) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "file";
  testing::write_text(path, "four");
  SourceFile source{};
  source.ingested_bytes = 4;
  const auto opened = std::make_shared<const OpenSource>(source, path, Access::kMap);
  const auto other = std::make_shared<const OpenSource>(source, path, Access::kRead);

  std::mt19937 generator(1);
  TouchedFiles touched;
  for (const std::size_t most : {1, 2, 15, 16, 17, 3000}) {
    touched.prepare(most);
    std::map<std::uint32_t, const OpenSource*> expected;
    while (!touched.full()) {
      // Numbers that are alike, and numbers that differ in their upper bits only.
      const auto file = static_cast<std::uint32_t>((generator() % 5000) << (generator() % 2 == 0 ? 0 : 19));
      const auto known = expected.find(file);
      ASSERT_EQ(touched.find(file), known == expected.end() ? nullptr : known->second);
      if (known != expected.end()) continue;
      const auto& added = generator() % 2 == 0 ? opened : other;
      ASSERT_EQ(touched.add(file, added), added.get());
      expected[file] = added.get();
    }
    ASSERT_EQ(expected.size(), most);
    for (const auto& [file, one] : expected) ASSERT_EQ(touched.find(file), one);
    touched.clear();
    for (const auto& [file, one] : expected) ASSERT_EQ(touched.find(file), nullptr);
    ASSERT_FALSE(touched.full());
  }
  EXPECT_EQ(opened.use_count(), 1);
}

}  // namespace
}  // namespace modyn::fetch

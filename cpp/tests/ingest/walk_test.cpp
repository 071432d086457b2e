#include "ingest/walk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"
#include "support/unprivileged.hpp"

namespace modyn::ingest {
namespace {

using testing::write_text;

class WalkTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(root()); }

  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "root"; }
  [[nodiscard]] std::filesystem::path outside() const { return folder_.path() / "outside"; }

  void put(const std::string& name) const {
    std::filesystem::create_directories((root() / name).parent_path());
    write_text(root() / name, "x");
  }

  [[nodiscard]] Found find(const std::string& extension = ".bin") const { return walk_in(extension, outside()); }
  [[nodiscard]] Found walk_in(const std::string& extension, const std::filesystem::path& excluded) const {
    const SourceFolder source(root());
    return walk(source, {.extension = extension, .companion_extension = "", .excluded = excluded});
  }
  [[nodiscard]] static std::vector<std::string> paths(const Found& found) {
    std::vector<std::string> paths;
    for (const FoundFile& file : found.files) paths.push_back(file.path);
    return paths;
  }
  // The path and reason of the only problem.
  [[nodiscard]] static std::string only_problem(const Found& found) {
    EXPECT_EQ(found.problems.size(), 1U);
    return found.problems.empty() ? "" : found.problems[0].file.reason;
  }

 private:
  testing::TemporaryFolder folder_;
};

using Paths = std::vector<std::string>;

TEST_F(WalkTest, FindsFilesInAllFoldersByTheBytesOfTheirPaths) {
  for (const char* name : {"b.bin", "a/z.bin", "a-b.bin", "a.bin", "a/b/c/d.bin", "B.bin"}) put(name);
  EXPECT_EQ(paths(find()), (Paths{"B.bin", "a-b.bin", "a.bin", "a/b/c/d.bin", "a/z.bin", "b.bin"}));
}

TEST_F(WalkTest, ComparesTheEndOfTheNameWithTheExtension) {
  for (const char* name : {"a.bin", "a.BIN", "a.bin.tmp", "abin", "a.tar.gz", "b.gz", "bin"}) put(name);
  EXPECT_EQ(paths(find(".bin")), (Paths{"a.bin"}));
  EXPECT_EQ(paths(find(".tar.gz")), (Paths{"a.tar.gz"}));
  EXPECT_EQ(paths(find(".gz")), (Paths{"a.tar.gz", "b.gz"}));
}

TEST_F(WalkTest, PassesOverHiddenAndTemporaryNames) {
  for (const char* name : {".hidden.bin", "~open.bin", ".folder/a.bin", "~folder/a.bin", "seen.bin"}) put(name);
  const Found found = find();
  EXPECT_EQ(paths(found), (Paths{"seen.bin"}));
  EXPECT_TRUE(found.problems.empty());
}

TEST_F(WalkTest, PassesOverTheExcludedFolder) {
  put("index/a.bin");
  put("a.bin");
  EXPECT_EQ(paths(walk_in(".bin", root() / "index")), (Paths{"a.bin"}));
}

TEST_F(WalkTest, TakesNamesAsBytes) {
  const Paths names{"new\nline.bin", "quote'\"`$(x);--.bin", " space .bin", "\xff\xfe.bin", "日本.bin"};
  for (const std::string& name : names) put(name);
  Paths sorted = names;
  std::ranges::sort(sorted);
  EXPECT_EQ(paths(find()), sorted);
}

TEST_F(WalkTest, GivesTheStatusOfAFile) {
  put("a.bin");
  testing::set_mtime(root() / "a.bin", 1'234'567'890);
  const Found found = find();
  EXPECT_EQ(found.files[0].status.size, 1U);
  EXPECT_EQ(found.files[0].status.mtime_ns, 1'234'567'890'000'000'000);
  EXPECT_NE(found.files[0].status.inode, 0U);
}

TEST_F(WalkTest, FollowsLinksToFilesBelowTheRoot) {
  put("folder/a.bin");
  std::filesystem::create_symlink("folder/a.bin", root() / "link.bin");
  const Found found = find();
  EXPECT_EQ(paths(found), (Paths{"folder/a.bin", "link.bin"}));
  EXPECT_EQ(found.files[0].status, found.files[1].status);
}

TEST_F(WalkTest, ReportsLinksThatLeaveTheRoot) {
  write_text(outside(), "secret");
  std::filesystem::create_symlink(outside(), root() / "link.bin");
  EXPECT_EQ(only_problem(find()), "'link.bin' is a link that leaves the dataset's root");
}

TEST_F(WalkTest, TakesAFolderWhoseNameOnlyBeginsLikeTheRootForOutside) {
  const auto neighbour = root().string() + "-neighbour";
  std::filesystem::create_directories(neighbour);
  write_text(neighbour + "/a.bin", "x");
  std::filesystem::create_symlink(neighbour + "/a.bin", root() / "link.bin");
  EXPECT_EQ(only_problem(find()), "'link.bin' is a link that leaves the dataset's root");
}

TEST_F(WalkTest, ReportsLinksToFoldersAndGoesNotRoundInCircles) {
  put("folder/a.bin");
  std::filesystem::create_directory_symlink(root(), root() / "folder" / "up");
  const Found found = find();
  EXPECT_EQ(paths(found), (Paths{"folder/a.bin"}));
  EXPECT_EQ(only_problem(found), "'folder/up' is a link to a folder; such links are not followed");
}

TEST_F(WalkTest, ReportsLinksThatLeadNowhereIfTheyLookLikeData) {
  std::filesystem::create_symlink("absent", root() / "a.bin");
  std::filesystem::create_symlink("absent", root() / "a.txt");
  EXPECT_EQ(only_problem(find()), "'a.bin' is a link that leads nowhere");
}

TEST_F(WalkTest, ReportsWhatIsNotARegularFile) {
  ASSERT_EQ(::mkfifo((root() / "pipe.bin").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((root() / "pipe.txt").c_str(), 0600), 0);
  EXPECT_EQ(only_problem(find()), "'pipe.bin' is not a regular file");
}

TEST_F(WalkTest, ReportsFoldersThatCannotBeRead) {
  put("closed/a.bin");
  put("b.bin");
  std::filesystem::permissions(root() / "closed", std::filesystem::perms::none);
  EXPECT_TRUE(testing::holds_unprivileged([&] {
    const Found found = find();
    return paths(found) == Paths{"b.bin"} && found.problems.size() == 1 &&
           found.problems[0].file.reason == "'closed' folder cannot be read: Permission denied";
  }));
  std::filesystem::permissions(root() / "closed", std::filesystem::perms::owner_all);
}

TEST_F(WalkTest, GoesDeep) {
  std::string name;
  for (int i = 0; i < 400; ++i) name += "d/";
  put(name + "a.bin");
  EXPECT_EQ(paths(find()), (Paths{name + "a.bin"}));
}

TEST_F(WalkTest, OfAMissingRootIsAnErrorThatNamesIt) {
  const auto message = testing::message_of(ErrorKind::kIo, [&] { static_cast<void>(SourceFolder(root() / "absent")); });
  EXPECT_NE(message.find("absent"), std::string::npos);
}

}  // namespace
}  // namespace modyn::ingest

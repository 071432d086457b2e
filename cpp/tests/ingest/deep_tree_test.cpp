#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.hpp"
#include "ingest/source_tree.hpp"

namespace modyn {
namespace {

using testing::SourceTree;

constexpr std::size_t kNameBytes = 250;

// A chain of folders whose path is longer than any that a single system call takes, with a file at
// its end; made and removed step by step, because nothing else reaches it.
class DeepFolder {
 public:
  DeepFolder(const std::filesystem::path& root, std::size_t levels) {
    descriptors_.emplace_back(::open(root.c_str(), O_RDONLY | O_DIRECTORY));
    for (std::size_t level = 0; level < levels; ++level) {
      EXPECT_EQ(::mkdirat(descriptors_.back().number(), name_.c_str(), 0777), 0);
      descriptors_.emplace_back(::openat(descriptors_.back().number(), name_.c_str(), O_RDONLY | O_DIRECTORY));
      path_ += name_ + "/";
    }
  }
  ~DeepFolder() {
    for (const std::string& file : files_) ::unlinkat(descriptors_.back().number(), file.c_str(), 0);
    while (descriptors_.size() > 1) {
      descriptors_.pop_back();
      ::unlinkat(descriptors_.back().number(), name_.c_str(), AT_REMOVEDIR);
    }
  }
  DeepFolder(const DeepFolder&) = delete;
  DeepFolder& operator=(const DeepFolder&) = delete;

  void put(const std::string& file, const std::string& content, int flags = O_TRUNC) {
    const core::Descriptor out(::openat(descriptors_.back().number(), file.c_str(), O_WRONLY | O_CREAT | flags, 0666));
    EXPECT_EQ(::write(out.number(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    files_.push_back(file);
  }
  void remove(const std::string& file) { ::unlinkat(descriptors_.back().number(), file.c_str(), 0); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string name_ = std::string(kNameBytes, 'd');
  std::string path_;
  std::vector<core::Descriptor> descriptors_;
  std::vector<std::string> files_;
};

class DeepTreeTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(DeepTreeTest, IsScannedLikeAnyOther) {
  SourceTree tree(".csv", "format=csv\nlabel_column=1\n");
  tree.options.quiet_s = 0;
  DeepFolder deep(tree.root(), GetParam());
  deep.put("a.csv", "x,1\n");
  deep.put("b.csv", "x\n");
  ScanReport report = tree.scan();
  EXPECT_EQ(report.new_samples, 1U);
  EXPECT_EQ(report.quarantined.size(), 1U);
  EXPECT_EQ(tree.open()->source_file(0).path, deep.path() + "a.csv");
  EXPECT_EQ(tree.scan().known_files, 1U);
  deep.put("a.csv", "y,2\n", O_APPEND);
  EXPECT_EQ(tree.scan().grown_files, 1U);
  deep.remove("a.csv");
  report = tree.scan();
  ASSERT_EQ(report.conflicts.size(), 1U);
  EXPECT_TRUE(report.conflicts[0].reason.ends_with("' vanished"));
}

TEST_P(DeepTreeTest, HasLabelFilesLikeAnyOther) {
  const SourceTree tree(".png", "format=single_sample\nlabel_file_extension=.label\n");
  DeepFolder deep(tree.root(), GetParam());
  deep.put("a.png", "image");
  deep.put("a.label", "7");
  EXPECT_EQ(tree.scan().new_samples, 1U);
  EXPECT_EQ(tree.scan().known_files, 1U);
}

// 16 levels end just below 4,096 bytes, 17 just above, 50 far above.
INSTANTIATE_TEST_SUITE_P(Levels, DeepTreeTest, ::testing::Values(15, 16, 17, 50));

}  // namespace
}  // namespace modyn

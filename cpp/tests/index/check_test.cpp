#include "modyn/check.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "core/fingerprint.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"
#include "index/manifest.hpp"
#include "index/order_builder.hpp"
#include "index/segment_builder.hpp"
#include "modyn/maintenance.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::throws;

constexpr std::uint64_t kRecord = 16;

// Files of ten records each below a root, ingested.
class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(root());
    core::create_folders(index::manifest_folder(dataset()));
    core::create_folders(index::segment_folder(dataset()));
    manifest_.dataset = core::random_id();
    manifest_.format = index::format_text({kRecord, 4, 0, ByteOrder::kLittle, false});
    commit({"a", "b"});
    commit({"c", "d"});
  }
  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path() / "dataset"; }

  SourceFile write_file(const std::string& name, char fill) const {
    std::ofstream(root() / name, std::ios::binary) << std::string(10 * kRecord, fill);
    const auto file = core::open_for_reading(root() / name);
    const core::FileStatus status = core::file_status(file, root() / name);
    return {name,         status.size, status.mtime_ns,
            status.inode, status.size, core::fingerprint(file, status.size, root() / name).value()};
  }

  void commit(const std::vector<std::string>& names, std::uint64_t records = 10, char fill = 'x') {
    index::SegmentBuilder segment(manifest_.next_key, manifest_.next_file);
    for (const std::string& name : names) {
      index::NewExtent extent;
      extent.file = segment.add_file(write_file(name, fill));
      const std::vector<std::int64_t> labels(records, 1);
      extent.labels.emplace_back(labels);
      segment.add_extent(std::move(extent));
    }
    ++manifest_.number;
    ++manifest_.sequence;
    manifest_.segments.push_back(segment.publish(dataset(), manifest_.sequence, 0));
    manifest_.next_key += static_cast<Key>(segment.samples());
    manifest_.next_file += segment.files();
    index::publish_manifest(dataset(), manifest_);
  }

  [[nodiscard]] std::vector<std::string> findings(const CheckOptions& options) const {
    std::vector<std::string> texts;
    for (const Finding& finding : check(dataset(), options).findings)
      texts.push_back(finding.path + ": " + finding.what);
    return texts;
  }
  [[nodiscard]] std::vector<std::string> findings() const { return findings({.root = root()}); }

  void damage(const std::filesystem::path& path) const {
    const auto intact = testing::read_bytes(path);
    const std::byte damaged = ~intact[intact.size() / 2];
    testing::overwrite(path, intact.size() / 2, std::span(&damaged, 1));
  }

  testing::TemporaryFolder folder_;
  index::Manifest manifest_;
};

TEST_F(CheckTest, FindsNothingWhereAllIsWell) {
  pin_manifest(dataset(), 1, "run");
  delete_samples(dataset(), std::vector<Key>{3, 25});
  static_cast<void>(index::stored_order_by_time(Index::open(dataset()), 0));
  std::vector<std::uint64_t> done;
  const CheckReport report =
      check(dataset(), {.root = root()}, [&](std::uint64_t now, std::uint64_t) { done.push_back(now); });
  EXPECT_TRUE(report.findings.empty()) << report.findings.front().what;
  EXPECT_EQ(report.summary.samples, 38U);
  EXPECT_EQ(report.source_files, 4U);
  EXPECT_EQ(report.pins, 1U);
  EXPECT_EQ(done, (std::vector<std::uint64_t>{2, 6}));
}

TEST_F(CheckTest, FindsEveryDamagedFileOfTheDataset) {
  delete_samples(dataset(), std::vector<Key>{3});
  static_cast<void>(index::stored_order_by_time(Index::open(dataset()), 0));
  pin_manifest(dataset(), 1, "run");
  const index::Manifest newest = index::read_manifest(dataset(), 3);
  const std::vector<std::filesystem::path> files{index::segment_folder(dataset()) / newest.segments[1].name,
                                                 index::deletion_folder(dataset()) / newest.segments[0].deletions.name,
                                                 index::view_file(dataset(), 3), index::pin_file(dataset(), 1, "run")};
  for (const auto& path : files) {
    const auto intact = testing::read_bytes(path);
    damage(path);
    const auto found = findings();
    EXPECT_EQ(found.size(), 1U) << path;
    if (!found.empty()) {
      EXPECT_TRUE(found.front().starts_with(path.native())) << found.front();
    }
    testing::overwrite(path, 0, intact);
  }
  EXPECT_TRUE(findings().empty());
  damage(files[0]);
  damage(files[1]);
  damage(files[2]);
  EXPECT_EQ(findings().size(), 3U) << "one does not hide another";
  std::filesystem::remove(files[0]);
  std::filesystem::resize_file(files[1], 100);
  EXPECT_EQ(findings().size(), 3U) << "nor if the index cannot be opened";
}

TEST_F(CheckTest, FindsADamagedManifestAndOneThatIsPinned) {
  pin_manifest(dataset(), 1, "run");
  damage(index::manifest_file(dataset(), 1));
  damage(index::manifest_file(dataset(), 2));
  EXPECT_EQ(findings().size(), 2U);
  EXPECT_TRUE(
      throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(check(dataset(), {.root = {}, .manifest = 7})); }));
}

TEST_F(CheckTest, FindsSourceFilesThatAreNotWhatTheyWere) {
  std::filesystem::remove(root() / "a");
  std::filesystem::resize_file(root() / "b", 9 * kRecord);
  std::ofstream(root() / "c", std::ios::binary) << std::string(10 * kRecord, 'y');
  std::ofstream(root() / "d", std::ios::binary | std::ios::app) << std::string(kRecord, 'y');
  EXPECT_EQ(findings(), (std::vector<std::string>{"a: it vanished", "b: it shrank to 144 bytes, 160 were ingested",
                                                  "c: it was changed within its 160 ingested bytes"}));
  EXPECT_TRUE(findings({}).empty()) << "without a root nobody looks";
}

TEST_F(CheckTest, LeavesOutFilesThatWereReplaced) {
  write_file("a", 'y');
  EXPECT_EQ(findings().size(), 1U);
  commit({"a"}, 10, 'y');
  EXPECT_EQ(findings().size(), 1U) << "its samples are still there";
  const KeyRange old{0, 10};
  delete_samples(dataset(), std::span(&old, 1));
  EXPECT_TRUE(findings().empty());
}

TEST_F(CheckTest, FindsExtentsBeyondTheIngestedBytes) {
  commit({"e"}, 11);
  const auto found = findings();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found.front().find("reaches beyond the ingested bytes"), std::string::npos) << found.front();
}

TEST_F(CheckTest, AsksForSidecars) {
  CheckOptions options{.root = root()};
  options.companion = [](const SourceFile& file) { return std::uint64_t{file.path == "b" ? 5U : 0U}; };
  EXPECT_EQ(findings(options), std::vector<std::string>{"b: its sidecar is not the one that was ingested"});
}

}  // namespace
}  // namespace modyn

#include "watch/file_system.hpp"

#include <gtest/gtest.h>

namespace modyn {
namespace {

TEST(FileSystem, KindsWhoseChangesMayComeFromElsewhereAreKnown) {
  EXPECT_EQ(watch::remote_name(0x6969), "nfs");
  EXPECT_EQ(watch::remote_name(0xFF534D42), "cifs");
  EXPECT_EQ(watch::remote_name(0x65735546), "fuse");
  EXPECT_EQ(watch::remote_name(0x794C7630), "overlayfs");
}

TEST(FileSystem, LocalKindsAreNotAmongThem) {
  for (const std::uint32_t kind : {0xEF53U, 0x58465342U, 0x9123683EU, 0x01021994U}) {  // ext4, xfs, btrfs, tmpfs
    EXPECT_FALSE(watch::remote_name(kind)) << kind;
  }
}

}  // namespace
}  // namespace modyn

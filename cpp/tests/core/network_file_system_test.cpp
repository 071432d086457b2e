#include "core/network_file_system.hpp"

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

TEST(NetworkFileSystem, IsKnownByItsKind) {
  EXPECT_EQ(core::network_file_system_of_kind(0x6969), "nfs");
  EXPECT_EQ(core::network_file_system_of_kind(0xFF534D42), "cifs");
  EXPECT_EQ(core::network_file_system_of_kind(0x65735546), "fuse");
}

TEST(NetworkFileSystem, IsNoLocalOne) {
  for (const std::uint32_t kind : {0xEF53U, 0x58465342U, 0x9123683EU, 0x01021994U, 0x794C7630U}) {
    EXPECT_FALSE(core::network_file_system_of_kind(kind)) << kind;  // ext4, xfs, btrfs, tmpfs, overlayfs
  }
}

TEST(NetworkFileSystem, IsUnknownWhereTheSystemDoesNotSay) {
  EXPECT_EQ(core::network_file_system(core::Descriptor()), "unknown");
  EXPECT_FALSE(core::is_on_overlay(core::Descriptor()));
}

}  // namespace
}  // namespace modyn

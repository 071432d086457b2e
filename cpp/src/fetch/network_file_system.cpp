#include "fetch/network_file_system.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#if defined(__linux__)
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#endif

namespace modyn::fetch {

bool is_on_network(const core::Descriptor& file) noexcept {
  struct statfs found{};
  if (::fstatfs(file.number(), &found) != 0) return true;  // reading is right everywhere
#if defined(__linux__)
  // Magic numbers as in linux/magic.h and the sources of the file systems; not every header has all of them.
  constexpr std::array<std::uint32_t, 12> kNetwork{
      0x00006969,  // NFS
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x0000517B,  // SMB
      0x65735546,  // FUSE
      0x01021997,  // 9P
      0x00C36400,  // Ceph
      0x5346414F,  // AFS
      0x0BD00BD0,  // Lustre
      0x47504653,  // GPFS
      0x19830326,  // BeeGFS
      0x7461636F,  // OCFS2, a disk that several machines write to
  };
  return std::ranges::find(kNetwork, static_cast<std::uint32_t>(found.f_type)) != kNetwork.end();
#else
  return (found.f_flags & MNT_LOCAL) == 0;
#endif
}

}  // namespace modyn::fetch

#include "watch/file_system.hpp"

#include <algorithm>
#include <array>

#if defined(__linux__)
#include <sys/vfs.h>
#endif

namespace modyn::watch {
namespace {

struct RemoteKind {
  std::uint32_t kind;
  std::string_view name;
};

// The numbers of linux/magic.h and of the file systems' own sources; most headers lack some of them.
constexpr std::array kRemoteKinds{
    RemoteKind{0x00006969, "nfs"},       RemoteKind{0x0000517B, "smb"},    RemoteKind{0xFF534D42, "cifs"},
    RemoteKind{0xFE534D42, "smb2"},      RemoteKind{0x65735546, "fuse"},   RemoteKind{0x01021997, "9p"},
    RemoteKind{0x00C36400, "ceph"},      RemoteKind{0x5346414F, "afs"},    RemoteKind{0x6B414653, "kafs"},
    RemoteKind{0x0BD00BD0, "lustre"},    RemoteKind{0x47504653, "gpfs"},   RemoteKind{0x01161970, "gfs2"},
    RemoteKind{0x7461636F, "ocfs2"},     RemoteKind{0x19830326, "beegfs"}, RemoteKind{0x73757245, "coda"},
    RemoteKind{0x786F4256, "vboxsf"},    RemoteKind{0xBACBACBC, "vmhgfs"}, RemoteKind{0x7C7C6673, "prl_fs"},
    RemoteKind{0x794C7630, "overlayfs"},  // what happens in its lower layers is not told
};

}  // namespace

std::optional<std::string_view> remote_name(std::uint32_t kind) {
  const auto found = std::ranges::find(kRemoteKinds, kind, &RemoteKind::kind);
  if (found == kRemoteKinds.end()) return std::nullopt;
  return found->name;
}

std::optional<std::string_view> remote_name_of([[maybe_unused]] int folder) {
#if defined(__linux__)
  struct statfs status{};
  if (::fstatfs(folder, &status) == 0) return remote_name(static_cast<std::uint32_t>(status.f_type));
#endif
  return std::nullopt;
}

}  // namespace modyn::watch

#include "core/network_file_system.hpp"

#include <algorithm>
#include <array>

#if defined(__linux__)
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#endif

namespace modyn::core {
namespace {

struct NetworkKind {
  std::uint32_t kind;
  std::string_view name;
};

// As in linux/magic.h and the sources of the file systems; not every header has all of them.
constexpr std::array kNetworkKinds{
    NetworkKind{0x00006969, "nfs"},    NetworkKind{0xFF534D42, "cifs"},   NetworkKind{0xFE534D42, "smb2"},
    NetworkKind{0x0000517B, "smb"},    NetworkKind{0x65735546, "fuse"},   NetworkKind{0x01021997, "9p"},
    NetworkKind{0x00C36400, "ceph"},   NetworkKind{0x5346414F, "afs"},    NetworkKind{0x6B414653, "kafs"},
    NetworkKind{0x0BD00BD0, "lustre"}, NetworkKind{0x47504653, "gpfs"},   NetworkKind{0x01161970, "gfs2"},
    NetworkKind{0x19830326, "beegfs"}, NetworkKind{0x73757245, "coda"},   NetworkKind{0x7461636F, "ocfs2"},
    NetworkKind{0x786F4256, "vboxsf"}, NetworkKind{0xBACBACBC, "vmhgfs"},
};
#if defined(__linux__)
constexpr std::uint32_t kOverlay = 0x794C7630;

std::optional<std::uint32_t> kind_of(const Descriptor& file) noexcept {
  struct statfs found{};
  if (::fstatfs(file.number(), &found) != 0) return std::nullopt;
  return static_cast<std::uint32_t>(found.f_type);
}
#endif

}  // namespace

std::optional<std::string_view> network_file_system_of_kind(std::uint32_t kind) noexcept {
  const auto found = std::ranges::find(kNetworkKinds, kind, &NetworkKind::kind);
  if (found == kNetworkKinds.end()) return std::nullopt;
  return found->name;
}

std::optional<std::string_view> network_file_system(const Descriptor& file) noexcept {
  // Where it cannot be told, care is right everywhere.
#if defined(__linux__)
  const auto kind = kind_of(file);
  return kind ? network_file_system_of_kind(*kind) : "unknown";
#else
  struct statfs found{};
  if (::fstatfs(file.number(), &found) != 0) return "unknown";
  if ((found.f_flags & MNT_LOCAL) == 0) return "network";
  return std::nullopt;
#endif
}

bool is_on_overlay([[maybe_unused]] const Descriptor& file) noexcept {
#if defined(__linux__)
  return kind_of(file) == kOverlay;
#else
  return false;
#endif
}

}  // namespace modyn::core

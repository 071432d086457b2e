#include "core/residency.hpp"

#include <cerrno>
#include <cstddef>

#include <sys/uio.h>

namespace modyn::core {

Residency residency(const Descriptor& file, std::uint64_t offset) noexcept {
#if defined(RWF_NOWAIT)
  std::byte one{};
  const iovec target{.iov_base = &one, .iov_len = 1};
  if (::preadv2(file.number(), &target, 1, static_cast<off_t>(offset), RWF_NOWAIT) >= 0) return Residency::kCached;
  return errno == EAGAIN ? Residency::kNotCached : Residency::kUnknown;
#else
  static_cast<void>(file);
  static_cast<void>(offset);
  return Residency::kUnknown;
#endif
}

}  // namespace modyn::core

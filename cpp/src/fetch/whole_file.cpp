#include "fetch/whole_file.hpp"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.hpp"
#include "core/message.hpp"
#include "fetch/source_check.hpp"

namespace modyn::fetch {

// One open, one read and one status, in this order, for an undisturbed file: system calls are what small files cost.
void read_whole_file(const SourceFiles::Found& found, std::span<std::byte> out) {
  const auto& [source, path] = found;
  const core::Descriptor file = core::try_open(path.native(), O_RDONLY | O_NONBLOCK);
  if (!file.is_open()) {
    static_cast<void>(open_source(source, path));  // says why
    throw_changed(path, "it was replaced while it was read");
  }
  struct stat status{};
  const ssize_t count = out.empty() ? 0 : ::pread(file.number(), out.data(), out.size(), 0);
  if (::fstat(file.number(), &status) != 0) core::throw_system_error("read the status of", path, errno);
  if (count == static_cast<ssize_t>(out.size()) && S_ISREG(status.st_mode) &&
      is_untouched(source, core::file_status(status))) {
    return;
  }
  // Something is odd, or the file is larger than one read gives.
  OpenSource open(source, path, Access::kRead);
  open.read(0, out);
  open.check_unchanged();
}

core::Residency advise_whole_file(const SourceFiles::Found& found) {
  const OpenSource open(found.source, found.path, Access::kRead);
  const core::Residency residency = open.residency(0);
  if (residency != core::Residency::kCached) open.advise(0, open.size());
  return residency;
}

}  // namespace modyn::fetch

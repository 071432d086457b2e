#include "fetch/open_source.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/message.hpp"
#include "core/network_file_system.hpp"
#include "fetch/source_check.hpp"

namespace modyn::fetch {

OpenSource::OpenSource(SourceFile source, std::filesystem::path path, Access access)
    : source_(std::move(source)), path_(std::move(path)), file_(open_source(source_, path_)) {
  mapped_ = access == Access::kMap || (access == Access::kAutomatic && !core::network_file_system(file_));
  if (!mapped_ || source_.ingested_bytes == 0) return;
  void* const address = ::mmap(nullptr, source_.ingested_bytes, PROT_READ, MAP_SHARED, file_.number(), 0);
  if (address == MAP_FAILED) core::throw_system_error("map", path_, errno);
  map_ = static_cast<const std::byte*>(address);
}

OpenSource::~OpenSource() {
  if (map_ != nullptr) ::munmap(const_cast<std::byte*>(map_), source_.ingested_bytes);
}

void OpenSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (core::read_at(file_, offset, out, path_) == out.size()) return;
  check_unchanged();  // says by how much it shrank
  throw_changed(path_, "it was cut short while it was read");
}

void OpenSource::check_unchanged() const {
  const core::FileStatus status = core::file_status(file_, path_);
  if (is_untouched(source_, status)) return;
  const std::lock_guard lock(mutex_);
  if (status == accepted_growth_) return;
  check_growth(source_, path_, file_, status);
  accepted_growth_ = status;
}

void OpenSource::advise(std::uint64_t offset, std::uint64_t length) const noexcept {
#if defined(__APPLE__)
  radvisory advice{.ra_offset = static_cast<off_t>(offset), .ra_count = static_cast<int>(length)};
  static_cast<void>(::fcntl(file_.number(), F_RDADVISE, &advice));
#else
  // What it cannot do the fetch does later, so its result does not matter.
  static_cast<void>(
      ::posix_fadvise(file_.number(), static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED));
#endif
}

}  // namespace modyn::fetch

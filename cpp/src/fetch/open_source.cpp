#include "fetch/source_map.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn::fetch {

SourceMap::SourceMap(SourceFile source, std::filesystem::path path)
    : source_(std::move(source)), path_(std::move(path)) {
  // O_NONBLOCK: a pipe put in the file's place must not hang the fetch.
  file_ = core::Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file_.is_open()) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) throw_changed("it no longer exists");
    core::throw_system_error("open", path_, error);
  }
  struct stat status{};
  if (::fstat(file_.number(), &status) != 0) core::throw_system_error("read the status of", path_, errno);
  if (!S_ISREG(status.st_mode)) throw_changed("it is no longer a regular file");
  const core::FileStatus found = core::file_status(status);
  if (found.size < source_.ingested_bytes) check_growth(found);
  void* const address = ::mmap(nullptr, source_.ingested_bytes, PROT_READ, MAP_SHARED, file_.number(), 0);
  if (address == MAP_FAILED) core::throw_system_error("map", path_, errno);
  bytes_ = static_cast<const std::byte*>(address);
}

SourceMap::~SourceMap() {
  ::munmap(const_cast<std::byte*>(bytes_), source_.ingested_bytes);  // fails for no map that mmap returned
}

void SourceMap::check_unchanged() const {
  const core::FileStatus status = core::file_status(file_, path_);
  // Only size and modification time count: a copy of the dataset elsewhere has other inodes.
  if (status.size == source_.size && status.mtime_ns == source_.mtime_ns) return;
  const std::lock_guard lock(mutex_);
  if (status == accepted_growth_) return;
  check_growth(status);
  accepted_growth_ = status;
}

void SourceMap::check_growth(const core::FileStatus& status) const {
  if (status.size < source_.ingested_bytes) {
    throw_changed("it shrank to " + core::grouped(status.size) + " bytes; " + core::grouped(source_.ingested_bytes) +
                  " were ingested");
  }
  if (status.size <= source_.size) throw_changed("it was modified without growing");
  if (core::fingerprint(file_, source_.ingested_bytes, path_) != source_.fingerprint) {
    throw_changed("its first " + core::grouped(source_.ingested_bytes) + " bytes are not those that were ingested");
  }
}

void SourceMap::throw_changed(const std::string& what) const {
  throw Error(ErrorKind::kSourceChanged, "source file " + core::quoted(path_) + " changed after it was ingested: " +
                                             what + "; restore it, or scan the dataset to see what is in conflict");
}

}  // namespace modyn::fetch

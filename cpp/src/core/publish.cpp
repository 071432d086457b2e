#include "core/publish.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "core/message.hpp"
#include "core/random_id.hpp"
#include "modyn/error.hpp"

namespace modyn::core {
namespace {

constexpr std::string_view kPrefix = ".tmp-";
#if defined(__linux__)
constexpr std::uint64_t kFlushBytes = std::uint64_t{8} << 20;
#endif

std::filesystem::path folder_of(const std::filesystem::path& target) {
  const std::filesystem::path folder = target.parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

// Gives `from` the name `to` unless that exists; false with errno set if it cannot.
bool rename_exclusively(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());  // a second name of a published file harms nobody
    return true;
  }
  if (errno != EPERM && errno != ENOTSUP && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOSYS) return false;
  // File systems without hard links: an exclusive rename does the same.
#if defined(__linux__) && defined(SYS_renameat2)
  constexpr unsigned kNoReplace = 1;
  return ::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0;
#elif defined(__APPLE__)
  return ::renamex_np(from.c_str(), to.c_str(), RENAME_EXCL) == 0;
#else
  return false;
#endif
}

}  // namespace

TemporaryFile::TemporaryFile(const std::filesystem::path& target)
    : target_(target), path_(folder_of(target) / (std::string(kPrefix) + random_hex())) {
  file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file_.is_open()) throw_system_error("create a file in", folder_of(target), errno);
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void TemporaryFile::write(std::span<const std::byte> bytes) {
  write_all(file_, bytes, target_);
  written_ += bytes.size();
#if defined(__linux__)
  // The disk works while the rest is made, which leaves less for the fsync. Only a hint: errors show there.
  if (written_ - flushing_ < kFlushBytes) return;
  static_cast<void>(::sync_file_range(file_.number(), static_cast<off_t>(flushing_),
                                      static_cast<off_t>(written_ - flushing_), SYNC_FILE_RANGE_WRITE));
  flushing_ = written_;
#endif
}

void TemporaryFile::publish_new() {
  sync_file(file_, target_);
  if (!rename_exclusively(path_, target_)) {
    if (errno == EEXIST) throw Error(ErrorKind::kConflict, "file " + quoted(target_) + " exists already");
    throw_system_error("publish", target_, errno);
  }
  path_.clear();
  sync_folder(folder_of(target_));
}

void TemporaryFile::publish_replacing() {
  sync_file(file_, target_);
  if (::rename(path_.c_str(), target_.c_str()) != 0) throw_system_error("replace", target_, errno);
  path_.clear();
  sync_folder(folder_of(target_));
}

bool is_temporary(std::string_view name) { return name.starts_with(kPrefix); }

void remove_temporaries(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_temporary(entry->path().filename().native())) ::unlink(entry->path().c_str());
  }
  if (error) throw_system_error("list folder", folder, error.value());
}

}  // namespace modyn::core

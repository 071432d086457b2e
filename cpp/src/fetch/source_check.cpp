#include "fetch/source_check.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "modyn/error.hpp"

namespace modyn::fetch {

core::Descriptor open_source(const SourceFile& source, const std::filesystem::path& path) {
  // O_NONBLOCK: a pipe put in the file's place must not hang the fetch.
  core::Descriptor file = core::try_open(path.native(), O_RDONLY | O_NONBLOCK);
  if (!file.is_open()) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) throw_changed(path, "it no longer exists");
    if (error == ESTALE) throw_changed(path, "its server says that it was removed or replaced");
    core::throw_system_error("open", path, error);
  }
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) core::throw_system_error("read the status of", path, errno);
  if (!S_ISREG(status.st_mode)) throw_changed(path, "it is no longer a regular file");
  const core::FileStatus found = core::file_status(status);
  if (found.size < source.ingested_bytes) check_growth(source, path, file, found);
  return file;
}

void check_growth(const SourceFile& source, const std::filesystem::path& path, const core::Descriptor& file,
                  const core::FileStatus& status) {
  if (status.size < source.ingested_bytes) {
    throw_changed(path, "it shrank to " + core::grouped(status.size) + " bytes; " +
                            core::grouped(source.ingested_bytes) + " were ingested");
  }
  // Appends to a log of ours overwrite zeros that were reserved behind its end, or cut them off.
  if (!source.owned && status.size <= source.size) throw_changed(path, "it was modified without growing");
  if (source.fingerprint == 0) {
    throw_changed(path, "it has " + core::grouped(status.size) + " bytes, and as the one sample that it is had " +
                            core::grouped(source.size));
  }
  if (core::fingerprint(file, source.ingested_bytes, path) != source.fingerprint) {
    throw_changed(path,
                  "its first " + core::grouped(source.ingested_bytes) + " bytes are not those that were ingested");
  }
}

void throw_changed(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorKind::kSourceChanged, "source file " + core::quoted(path) + " changed after it was ingested: " +
                                             what + "; restore it, or scan the dataset to see what is in conflict");
}

}  // namespace modyn::fetch

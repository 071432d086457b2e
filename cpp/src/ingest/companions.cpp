#include "ingest/companions.hpp"

#include <sys/stat.h>

#include "core/file.hpp"
#include "ingest/source_folder.hpp"
#include "modyn/format.hpp"

namespace modyn::ingest {

std::function<std::uint64_t(const SourceFile&)> companion_stamps(const std::filesystem::path& root,
                                                                 std::string_view format,
                                                                 const std::string& file_extension) {
  const std::string companion_extension = make_format(std::string(format))->companion_extension();
  if (companion_extension.empty()) return {};
  return [root, file_extension, companion_extension](const SourceFile& file) -> std::uint64_t {
    const std::filesystem::path path = root / companion_path(file.path, file_extension, companion_extension);
    struct stat status{};
    if (!core::try_stat(path.native(), status)) return 0;
    return companion_stamp(core::file_status(status));
  };
}

}  // namespace modyn::ingest

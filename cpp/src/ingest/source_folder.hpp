// The root of a dataset's source files, held open.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "core/file.hpp"

namespace modyn::ingest {

// Everything below the root is opened relative to its descriptor: a root that is renamed meanwhile
// stays the same, and no path is too long for the operating system.
class SourceFolder {
 public:
  // kIo if the root cannot be opened.
  explicit SourceFolder(const std::filesystem::path& root);

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }

  // Opens a path relative to the root; not open, with errno, if that fails. Links are followed
  // unless `flags` has O_NOFOLLOW, which concerns the last name.
  [[nodiscard]] core::Descriptor try_open(std::string_view path, int flags) const;
  // For reading. kIo, naming the whole path, if it cannot be opened.
  [[nodiscard]] core::Descriptor open(std::string_view path) const;
  // Follows links. False, with errno, if the status cannot be had.
  [[nodiscard]] bool try_stat(std::string_view path, struct stat& status) const;

 private:
  std::filesystem::path root_;
  core::Descriptor descriptor_;
};

// Stands for the status of a companion in the index: never 0, which stands for none.
[[nodiscard]] std::uint64_t companion_stamp(const core::FileStatus& status) noexcept;

// 'folder/x.label' for 'folder/x.png', if these are the endings.
[[nodiscard]] std::string companion_path(std::string_view path, std::string_view extension,
                                         std::string_view companion_extension);

}  // namespace modyn::ingest

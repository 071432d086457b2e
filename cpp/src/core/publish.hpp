// How a file becomes visible: whole and durable, or not at all.
//
// It is written under a temporary name in its own folder, flushed to disk, then given its name in
// one step, and the folder is flushed. A crash leaves at most a temporary file, which readers
// ignore and the folder's next writer removes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/file.hpp"

namespace modyn::core {

class TemporaryFile {
 public:
  // Creates a temporary file beside `target`.
  explicit TemporaryFile(const std::filesystem::path& target);
  // Removes the file if it was not published.
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> bytes);

  // Durable under the target's name when it returns. kConflict if the target exists.
  void publish_new();
  // The same, in place of what was there.
  void publish_replacing();

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t written_ = 0;
  std::uint64_t flushing_ = 0;  // bytes that the disk was asked for already
};

// Whether a file name is one of a TemporaryFile.
[[nodiscard]] bool is_temporary(std::string_view name);

// Removes what crashed writers left in `folder`. Only for the one writer of the folder.
void remove_temporaries(const std::filesystem::path& folder);

}  // namespace modyn::core

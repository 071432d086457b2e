// One source file, opened and mapped, and the judgement whether it is still what was ingested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>

#include "core/file.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

class SourceMap {
 public:
  // Maps the ingested bytes of `source`, found at `path`. kSourceChanged if the file is missing, no
  // regular file or shorter than what was ingested; kIo if it cannot be opened.
  SourceMap(SourceFile source, std::filesystem::path path);
  ~SourceMap();
  SourceMap(const SourceMap&) = delete;
  SourceMap& operator=(const SourceMap&) = delete;

  [[nodiscard]] const std::byte* bytes() const noexcept { return bytes_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  // To be called after bytes were copied. Returns if the file has not been touched since it was
  // ingested, or has only grown: it is longer than it was and its fingerprint still matches. Else
  // kSourceChanged. So bytes copied before a call that returns are the bytes that were ingested, up
  // to changes that leave size and modification time as they were.
  void check_unchanged() const;

 private:
  void check_growth(const core::FileStatus& status) const;
  [[noreturn]] void throw_changed(const std::string& what) const;

  SourceFile source_;
  std::filesystem::path path_;
  core::Descriptor file_;
  const std::byte* bytes_ = nullptr;
  mutable std::mutex mutex_;
  // The last state of a grown file whose fingerprint was compared.
  mutable core::FileStatus accepted_growth_;
};

}  // namespace modyn::fetch

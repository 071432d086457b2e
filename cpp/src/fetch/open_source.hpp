// One source file, open, and mapped if that is how it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>

#include "core/file.hpp"
#include "core/residency.hpp"
#include "modyn/fetch.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

class OpenSource {
 public:
  // Opens the ingested bytes of `source`, found at `path`. Errors of open_source(); kIo if they cannot be mapped.
  OpenSource(SourceFile source, std::filesystem::path path, Access access);
  ~OpenSource();
  OpenSource(const OpenSource&) = delete;
  OpenSource& operator=(const OpenSource&) = delete;

  // The map of the ingested bytes; nullptr if the file has to be read.
  [[nodiscard]] const std::byte* map() const noexcept { return map_; }
  [[nodiscard]] bool is_mapped() const noexcept { return mapped_; }
  // How many bytes were ingested.
  [[nodiscard]] std::uint64_t size() const noexcept { return source_.ingested_bytes; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  // Fills `out` with the bytes from `offset` on. kSourceChanged if the file ends before, kIo.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

  // To be called after bytes were copied. Returns if the file has not been touched since it was
  // ingested, or has only grown. Else kSourceChanged. So bytes copied before a call that returns are the
  // bytes that were ingested, up to changes that leave size and modification time as they were.
  void check_unchanged() const;

  // Announces that bytes will be read soon.
  void advise(std::uint64_t offset, std::uint64_t length) const noexcept;

  // Whether the page cache holds the byte at `offset`.
  [[nodiscard]] core::Residency residency(std::uint64_t offset) const noexcept {
    return core::residency(file_, offset);
  }

 private:
  SourceFile source_;
  std::filesystem::path path_;
  core::Descriptor file_;
  bool mapped_ = false;
  const std::byte* map_ = nullptr;
  mutable std::mutex mutex_;
  // The last state of a grown file whose fingerprint was compared.
  mutable core::FileStatus accepted_growth_;
};

}  // namespace modyn::fetch

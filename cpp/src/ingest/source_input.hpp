// A source file as the input of its format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "ingest/source_folder.hpp"
#include "modyn/format.hpp"

namespace modyn::ingest {

// A file that is to be read, and the state in which it was found.
struct SourceState {
  std::string_view path;  // relative to the root
  core::FileStatus status;
  std::uint64_t companion = 0;   // stamp
  std::uint64_t first_byte = 0;  // what was ingested before
};

class SourceInput : public FileInput {
 public:
  // `companion` is its path, empty if the format has none; `threads`: for pieces. Borrows `source`.
  SourceInput(const SourceFolder& source, const SourceState& state, std::string companion, bool is_quiet,
              unsigned threads)
      : source_(source), state_(state), companion_(std::move(companion)), is_quiet_(is_quiet), threads_(threads) {}

  // FileChanged if the file is not in the state in which it was found.
  void open();
  // The fingerprint of the whole file. FileChanged if it is not what it was when it was opened.
  [[nodiscard]] std::uint64_t finish() const;

  [[nodiscard]] std::uint64_t size() const override { return state_.status.size; }
  [[nodiscard]] std::uint64_t first_byte() const override { return state_.first_byte; }
  [[nodiscard]] bool is_quiet() const override { return is_quiet_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;
  // Out of a map, if the file lies in memory: what is between the pieces is then not even looked at.
  void read_strided(std::uint64_t offset, std::uint64_t stride, std::uint64_t width,
                    std::span<std::byte> out) const override;
  [[nodiscard]] std::vector<std::byte> read_companion(std::size_t largest) const override;
  [[nodiscard]] std::string companion_path() const override { return companion_; }
  void for_each_piece(std::uint64_t pieces, const std::function<void(std::uint64_t)>& work) const override;

 private:
  [[nodiscard]] std::filesystem::path full_path() const { return source_.root() / state_.path; }
  void check_unchanged() const;
  [[nodiscard]] bool is_worth_a_map() const;
  [[nodiscard]] std::span<const std::byte> map() const;

  const SourceFolder& source_;
  SourceState state_;
  std::string companion_;
  bool is_quiet_;
  unsigned threads_;
  core::Descriptor file_;
  mutable std::once_flag map_once_;
  mutable std::optional<core::MappedFile> map_;
};

}  // namespace modyn::ingest

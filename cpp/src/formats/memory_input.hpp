// A file in memory, as a FileInput: what tests and fuzzers hand to a format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modyn/format.hpp"

namespace modyn::formats {

class MemoryInput final : public FileInput {
 public:
  // Borrows the bytes.
  explicit MemoryInput(std::span<const std::byte> bytes, std::uint64_t first_byte = 0, bool is_quiet = true)
      : bytes_(bytes), first_byte_(first_byte), is_quiet_(is_quiet) {}
  void set_companion(std::string bytes) { companion_ = std::move(bytes); }

  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::uint64_t first_byte() const override { return first_byte_; }
  [[nodiscard]] bool is_quiet() const override { return is_quiet_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;
  [[nodiscard]] std::vector<std::byte> read_companion(std::size_t largest) const override;
  [[nodiscard]] std::string companion_path() const override { return "companion"; }
  // One after the other.
  void for_each_piece(std::uint64_t pieces, const std::function<void(std::uint64_t)>& work) const override;

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t first_byte_;
  bool is_quiet_;
  std::optional<std::string> companion_;
};

}  // namespace modyn::formats

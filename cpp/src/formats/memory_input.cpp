#include "formats/memory_input.hpp"

#include <algorithm>
#include <utility>

namespace modyn::formats {

void MemoryInput::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset) throw FileChanged();
  std::ranges::copy(bytes_.subspan(offset, out.size()), out.begin());
}

std::vector<std::byte> MemoryInput::read_companion(std::size_t largest) const {
  if (!companion_) throw IncompleteFile("has no companion");
  if (companion_->size() > largest) throw BadContent("has a companion that is too large");
  const auto bytes = std::as_bytes(std::span(*companion_));
  return {bytes.begin(), bytes.end()};
}

void MemoryInput::for_each_piece(std::uint64_t pieces, const std::function<void(std::uint64_t)>& work) const {
  for (std::uint64_t piece = 0; piece < pieces; ++piece) work(piece);
}

}  // namespace modyn::formats

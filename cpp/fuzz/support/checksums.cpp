#include "support/checksums.hpp"

#include <cstring>
#include <vector>

#include "core/column_file_layout.hpp"
#include "core/crc32c.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace modyn::fuzz {

std::size_t repair_column_file(std::span<std::byte> bytes) {
  constexpr std::size_t kFrame = sizeof(core::Header) + sizeof(core::Footer);
  if (bytes.size() < kFrame + core::kColumnAlignment) return 0;
  std::uint64_t offset = (bytes.size() - sizeof(core::Footer)) / core::kColumnAlignment * core::kColumnAlignment;
  while (offset + 4 * core::block_count(offset) + sizeof(core::Footer) > bytes.size()) offset -= core::kColumnAlignment;

  std::memcpy(bytes.data(), core::kHeaderMagic.data(), core::kHeaderMagic.size());
  std::vector<std::uint32_t> table(core::block_count(offset));
  core::crc32c_blocks(bytes.first(offset), core::kBlockBytes, table);
  const auto table_bytes = std::as_bytes(std::span(table));
  std::memcpy(bytes.data() + offset, table_bytes.data(), table_bytes.size());

  core::Footer footer;
  std::uint32_t version = 0;
  std::memcpy(&version, bytes.data() + offsetof(core::Header, version), sizeof(version));
  footer.version = version;
  footer.table_offset = offset;
  footer.digest = core::crc32c(table_bytes);
  footer.checksum = core::checksum_of(footer);
  std::memcpy(bytes.data() + offset + table_bytes.size(), &footer, sizeof(footer));
  return offset + table_bytes.size() + sizeof(footer);
}

std::size_t mutate_column_file(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 == 0) return mutated;
  const std::size_t repaired = repair_column_file(std::as_writable_bytes(std::span(data, mutated)));
  return repaired == 0 ? mutated : repaired;
}

}  // namespace modyn::fuzz

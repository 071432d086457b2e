// Any bytes as a column file: opened, verified, every column read as what it says it is.
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/column_file_layout.hpp"
#include "modyn/column_file.hpp"
#include "modyn/error.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"

namespace {

using modyn::ColumnFile;

constexpr const char* kNames[] = {"header", "keys", "weights", "label", "number", "path", "path_end"};

template <typename T>
void read(const ColumnFile& file, const char* name) {
  for (const T value : file.read<T>(name)) static_cast<void>(value);
}

void read_column(const ColumnFile& file, const char* name) {
  using modyn::ColumnType;
  switch (file.type(name)) {
    case ColumnType::kUint8:
      return read<std::uint8_t>(file, name);
    case ColumnType::kInt8:
      return read<std::int8_t>(file, name);
    case ColumnType::kUint16:
      return read<std::uint16_t>(file, name);
    case ColumnType::kInt16:
      return read<std::int16_t>(file, name);
    case ColumnType::kUint32:
      return read<std::uint32_t>(file, name);
    case ColumnType::kInt32:
      return read<std::int32_t>(file, name);
    case ColumnType::kUint64:
      return read<std::uint64_t>(file, name);
    case ColumnType::kInt64:
      return read<std::int64_t>(file, name);
    case ColumnType::kFloat32:
      return read<float>(file, name);
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return modyn::fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto path = modyn::fuzz::scratch_folder() / "file";
  modyn::fuzz::write_file(path, std::as_bytes(std::span(data, size)));
  for (const auto kind : {modyn::FileKind::kSegment, modyn::FileKind::kTrainingSet}) {
    try {
      const auto file = ColumnFile::open(path, kind);
      for (const char* name : kNames) {
        if (file->has(name)) read_column(*file, name);
      }
      file->verify();
    } catch (const modyn::Error&) {
      // The only way to say no.
    }
  }
  return 0;
}

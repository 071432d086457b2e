// Strings of any length in a column file: their bytes one after the other in column `name`, and
// where each ends in column `name`_end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/column_file_layout.hpp"
#include "modyn/column_file.hpp"

namespace modyn::core {

class StringColumnBuilder {
 public:
  void add(std::string_view text) {
    heap_.insert(heap_.end(), text.begin(), text.end());
    ends_.push_back(heap_.size());
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return ends_.size(); }

  // The bytes are borrowed until the writer has published.
  void add_to(ColumnFileWriter& writer, const std::string& name) const {
    writer.add<std::uint64_t>(name + "_end", ends_);
    writer.add<std::uint8_t>(name, heap_);
  }

 private:
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint8_t> heap_;
};

class StringColumn {
 public:
  StringColumn() = default;
  StringColumn(const ColumnFile& file, const std::string& name)
      : file_(&file), ends_(file.column<std::uint64_t>(name + "_end")), heap_(file.column<std::uint8_t>(name)) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return ends_.size(); }

  // Verified; valid as long as the file. `at` must be below size().
  [[nodiscard]] std::string_view operator[](std::uint64_t at) const {
    const std::uint64_t first = at == 0 ? 0 : ends_[at - 1];
    const std::uint64_t end = ends_[at];
    if (first > end || end > heap_.size()) throw_corrupt(file_->path(), "the ends of its strings do not ascend");
    const auto bytes = heap_.read(first, end - first);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  const ColumnFile* file_ = nullptr;
  Column<std::uint64_t> ends_;
  Column<std::uint8_t> heap_;
};

}  // namespace modyn::core

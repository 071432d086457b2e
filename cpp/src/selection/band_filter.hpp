// Which samples of a piece rules choose.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "modyn/selection.hpp"
#include "selection/group_reader.hpp"
#include "selection/scan.hpp"

namespace modyn::selection {

// One band, ready to be asked. Keeps a reference to it. Thread-safe.
class BandFilter {
 public:
  // kInvalidArgument if the band's numbers do not fit its groups.
  explicit BandFilter(const Band& band);
  [[nodiscard]] bool needs_labels() const noexcept { return reader_.needs_labels(); }
  // Clears the marks of samples outside.
  void keep(const Piece& piece, std::span<std::uint8_t> marks) const;

 private:
  const Band& band_;
  GroupReader reader_;
  // Of each group, and a last one for samples of none, whose width is 0.
  std::vector<std::uint64_t> from_;
  std::vector<std::uint64_t> width_;
};

// One rule. Keeps a reference to it. Thread-safe.
class RuleFilter {
 public:
  explicit RuleFilter(const Rule& rule);
  [[nodiscard]] bool needs_labels() const noexcept;
  [[nodiscard]] bool chooses_all() const noexcept { return bands_.empty(); }
  // Sets a mark for each sample: 1 if it is chosen, else 0.
  void mark(const Piece& piece, std::span<std::uint8_t> marks) const;

 private:
  std::vector<BandFilter> bands_;
};

}  // namespace modyn::selection

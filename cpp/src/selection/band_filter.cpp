#include "selection/band_filter.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/message.hpp"

namespace modyn::selection {
namespace {

void check(const std::vector<std::uint64_t>& numbers, std::size_t groups, const char* name) {
  if (numbers.empty() || numbers.size() == groups) return;
  throw Error(ErrorKind::kInvalidArgument, "band: " + core::grouped(std::uint64_t{numbers.size()}) + " numbers '" +
                                               std::string(name) + "' for " + core::grouped(std::uint64_t{groups}) +
                                               " groups");
}

}  // namespace

BandFilter::BandFilter(const Band& band) : band_(band), reader_(band.groups) {
  const std::size_t groups = band.groups.size();
  check(band.from, groups, "from");
  check(band.to, groups, "to");
  for (std::size_t group = 0; group < groups; ++group) {
    const std::uint64_t from = band.from.empty() ? 0 : band.from[group];
    const std::uint64_t to = band.to.empty() ? Priorities::kEnd : band.to[group];
    from_.push_back(from);
    width_.push_back(to > from ? to - from : 0);
  }
  from_.push_back(0);
  width_.push_back(0);
}

void BandFilter::keep(const Piece& piece, std::span<std::uint8_t> marks) const {
  std::array<std::uint64_t, kPiece> priorities;
  band_.priorities.apply(piece.keys, std::span(priorities).first(marks.size()));
  const auto mark = [&](std::size_t i, std::uint64_t from, std::uint64_t width) {
    marks[i] = static_cast<std::uint8_t>(marks[i] & static_cast<std::uint8_t>(priorities[i] - from < width));
  };
  if (const auto group = reader_.common(piece.first, marks.size())) {
    const std::uint64_t from = from_[*group];
    const std::uint64_t width = width_[*group];
    for (std::size_t i = 0; i < marks.size(); ++i) mark(i, from, width);
    return;
  }
  std::array<std::uint32_t, kPiece> groups;
  reader_.read(piece.first, piece.labels, std::span(groups).first(marks.size()));
  for (std::size_t i = 0; i < marks.size(); ++i) mark(i, from_[groups[i]], width_[groups[i]]);
}

RuleFilter::RuleFilter(const Rule& rule) {
  for (const Band& band : rule) bands_.emplace_back(band);
}

bool RuleFilter::needs_labels() const noexcept { return std::ranges::any_of(bands_, &BandFilter::needs_labels); }

void RuleFilter::mark(const Piece& piece, std::span<std::uint8_t> marks) const {
  std::ranges::fill(marks, std::uint8_t{1});
  for (const BandFilter& band : bands_) band.keep(piece, marks);
}

}  // namespace modyn::selection

#include "formats/csv_scanner.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "core/utf8.hpp"
#include "formats/csv_fields.hpp"

namespace modyn::formats {
namespace {

// What one block of 64 bytes leaves for the next.
struct Carry {
  std::uint64_t inside = 0;        // all ones if a quoted field is open
  std::uint64_t field_starts = 1;  // whether a quote may open a field here
  std::uint64_t closed = 0;        // whether the last byte closed a quote
  std::uint64_t returned = 0;      // whether the last byte was a carriage return
  std::uint64_t wrong = 0;         // in the last block
  std::uint64_t wrong_before = 0;  // in the blocks before
  std::uint64_t high = 0;
};

struct Found {
  std::size_t ends;
  std::size_t line_ends;
  Carry carry;
};

// Writes the positions of all ends to `out`, which has room for one for each byte.
[[gnu::always_inline]] inline Found flatten(std::span<const CsvMasks> blocks, std::uint32_t* out) {
  Carry carry;
  std::uint32_t* next = out;
  std::size_t line_ends = 0;
  std::uint32_t base = 0;
  for (const CsvMasks& masks : blocks) {
    std::uint64_t inside = 0;
    if ((masks.quote | carry.inside) != 0) {
      inside = prefix_xor(masks.quote) ^ carry.inside;
      carry.inside = std::uint64_t{0} - (inside >> 63U);
    }
    const std::uint64_t line_feeds = masks.line_feed & ~inside;
    const std::uint64_t returns = masks.carriage_return & ~inside;
    std::uint64_t ends = (masks.separator & ~inside) | line_feeds;
    carry.wrong_before |= carry.wrong;
    carry.wrong = 0;
    if ((masks.quote | carry.closed | returns | carry.returned) != 0) {
      const std::uint64_t opening = masks.quote & inside;
      const std::uint64_t closing = masks.quote & ~inside;
      // A quote opens a field only at its start, or goes on with it as the second of a pair; after a
      // closing one, the field ends; after a carriage return comes a line feed.
      carry.wrong |= opening & ~(((ends | closing) << 1U) | carry.field_starts);
      carry.wrong |= ((closing << 1U) | carry.closed) & ~(ends | returns | opening);
      carry.wrong |= ((returns << 1U) | carry.returned) & ~line_feeds;
      carry.closed = closing >> 63U;
      carry.returned = returns >> 63U;
      carry.field_starts = (ends | closing) >> 63U;
    } else {
      carry.field_starts = ends >> 63U;
    }
    carry.high |= masks.high;
    line_ends += static_cast<std::size_t>(std::popcount(line_feeds));
    for (; ends != 0; ends &= ends - 1) *next++ = base + static_cast<std::uint32_t>(std::countr_zero(ends));
    base += static_cast<std::uint32_t>(kMaskBytes);
  }
  return {static_cast<std::size_t>(next - out), line_ends, carry};
}

using Flatten = Found (*)(std::span<const CsvMasks>, std::uint32_t*);

Found flatten_portable(std::span<const CsvMasks> blocks, std::uint32_t* out) { return flatten(blocks, out); }

#if defined(__x86_64__)
// The baseline of x86-64 has neither a count of bits nor a cheap position of the lowest one.
[[gnu::target("popcnt,bmi")]] Found flatten_bmi(std::span<const CsvMasks> blocks, std::uint32_t* out) {
  return flatten(blocks, out);
}
#endif

Flatten choose_flatten() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi")) return flatten_bmi;
#endif
  return flatten_portable;
}

}  // namespace

CsvScanner::Structure CsvScanner::find_structure(std::span<const std::byte> window) {
  static const Flatten kFlatten = choose_flatten();
  const std::size_t blocks = (window.size() + kMaskBytes - 1) / kMaskBytes;
  const std::size_t whole = window.size() / kMaskBytes * kMaskBytes;
  masks_.resize(blocks);
  if (ends_.size() < window.size()) ends_.resize(window.size());
  find_masks(window.first(whole), rules_.characters, masks_.data());
  if (whole < window.size()) {
    // Zeros are none of the characters: neither separator nor quote may be one.
    std::array<std::byte, kMaskBytes> last{};
    std::ranges::copy(window.subspan(whole), last.begin());
    find_masks(last, rules_.characters, &masks_.back());
  }
  const Found found = kFlatten(masks_, ends_.data());
  // What follows the window's last byte is not known yet.
  const std::uint64_t known =
      whole < window.size() ? (std::uint64_t{1} << (window.size() - whole)) - 1 : ~std::uint64_t{0};
  const bool well_quoted = (found.carry.wrong_before | (found.carry.wrong & known)) == 0;
  return {found.ends, found.line_ends, well_quoted, found.carry.high == 0};
}

std::optional<std::size_t> CsvScanner::scan(std::span<const std::byte> window, std::uint64_t offset,
                                            std::size_t limit) {
  rows_ = 0;
  const Structure structure = find_structure(window);
  if (!structure.well_quoted) return std::nullopt;
  if (labels_.size() < structure.line_ends) {
    const std::size_t room = structure.line_ends + structure.line_ends / 4;
    for (auto* column : {&labels_, &offsets_, &lengths_, &cut_offsets_, &cut_lengths_}) column->resize(room);
    if (rules_.timestamp) timestamps_.resize(room);
  }
  const char* const text = reinterpret_cast<const char*>(window.data());
  const std::uint32_t* ends = ends_.data();
  const std::uint32_t* const last = ends + structure.count;
  std::size_t row = 0;
  std::size_t empty = 0;
  while (ends != last && row < limit) {
    if (text[row] == '\n' || (text[row] == '\r' && *ends == row + 1)) {
      row = std::size_t{*ends++} + 1;
      ++empty;
      continue;
    }
    if (static_cast<std::uint64_t>(last - ends) < rules_.columns) break;
    const std::uint32_t line_end = ends[rules_.columns - 1];
    if (text[line_end] != '\n') break;
    if (!take_row(text, offset, row, ends)) return std::nullopt;
    ends += rules_.columns;
    row = std::size_t{line_end} + 1;
  }
  // Each row took one line end as its last. That all of them are accounted for says that no row had one
  // earlier (too few columns), and that none are left says that none came too late (too many).
  const auto left =
      static_cast<std::size_t>(std::count_if(ends, last, [text](std::uint32_t end) { return text[end] == '\n'; }));
  if (rows_ + empty + left != structure.line_ends) return std::nullopt;
  if (left > 0 && row < limit) return std::nullopt;
  if (rules_.utf8 && !structure.ascii && first_invalid({text, row})) return std::nullopt;
  return row;
}

bool CsvScanner::take_row(const char* text, std::uint64_t offset, std::size_t row, const std::uint32_t* ends) {
  const auto field = [&](std::uint64_t column) {
    const std::size_t first = column == 0 ? row : std::size_t{ends[column - 1]} + 1;
    std::size_t end = ends[column];
    if (column + 1 == rules_.columns && end > first && text[end - 1] == '\r') --end;
    return std::string_view(text + first, end - first);
  };
  const std::string_view label = field(rules_.label);
  const auto value = parse_integer(unquoted(label, rules_.characters));
  if (!value) return false;
  if (rules_.timestamp) {
    const auto moment = parse_moment(unquoted(field(*rules_.timestamp), rules_.characters));
    if (!moment) return false;
    timestamps_[rows_] = *moment;
  }
  std::size_t end = ends[rules_.columns - 1];
  if (end > row && text[end - 1] == '\r') --end;
  // The separator before the label goes with it; the first column has only one behind it.
  const std::size_t label_first = static_cast<std::size_t>(label.data() - text);
  const std::size_t cut = rules_.label == 0 ? row : label_first - 1;
  labels_[rows_] = *value;
  offsets_[rows_] = static_cast<std::int64_t>(offset + row);
  lengths_[rows_] = static_cast<std::int64_t>(end - row);
  cut_offsets_[rows_] = static_cast<std::int64_t>(cut - row);
  cut_lengths_[rows_] = static_cast<std::int64_t>(label.size() + 1);
  ++rows_;
  return true;
}

SampleBlock CsvScanner::block() const {
  const auto column = [this](const std::vector<std::int64_t>& values) { return std::span(values).first(rows_); };
  return {.labels = column(labels_),
          .timestamps = rules_.timestamp ? column(timestamps_) : std::span<const Timestamp>(),
          .offsets = column(offsets_),
          .lengths = column(lengths_),
          .cut_offsets = column(cut_offsets_),
          .cut_lengths = column(cut_lengths_)};
}

}  // namespace modyn::formats

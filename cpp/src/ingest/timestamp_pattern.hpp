// Timestamps from file names, by a pattern like strptime's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modyn/index.hpp"

namespace modyn::ingest {

// %Y (4 digits) %m %d %H %M %S (2 digits each), %s (Unix seconds), %% and literal text. Times are
// UTC. Units finer than the finest one given are zero (a date is its first second).
class TimestampPattern {
 public:
  // kInvalidArgument if it cannot name a moment: unknown or repeated fields, no year, a finer unit
  // without the coarser ones, or %s together with others.
  explicit TimestampPattern(std::string_view pattern);

  // The leftmost place in `name` where the pattern matches a real date and time. A match neither
  // begins nor ends within a longer number.
  [[nodiscard]] std::optional<Timestamp> find(std::string_view name) const;

 private:
  // A field (its letter, '%' not included) or, if `letter` is 0, literal text.
  struct Part {
    char letter;
    std::string text;
  };

  void check_fields(std::string_view pattern) const;
  [[nodiscard]] std::optional<Timestamp> match(std::string_view name, std::size_t at) const;

  std::vector<Part> parts_;
};

}  // namespace modyn::ingest

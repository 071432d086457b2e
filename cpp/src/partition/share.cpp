#include <algorithm>
#include <string>

#include "modyn/partition.hpp"

namespace modyn {

Range share(std::uint64_t size, std::uint64_t part, std::uint64_t parts) {
  if (parts == 0 || part >= parts) {
    throw Error(ErrorKind::kInvalidArgument, "share: part " + std::to_string(part) + " of " + std::to_string(parts) +
                                                 " does not exist; parts count from 0");
  }
  const std::uint64_t base = size / parts;
  const std::uint64_t larger = size % parts;  // the first `larger` parts hold one more
  return {part * base + std::min(part, larger), base + (part < larger ? 1 : 0)};
}

}  // namespace modyn

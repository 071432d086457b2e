#include <algorithm>
#include <string>

#include "modyn/selection.hpp"

namespace modyn {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInvalidArgument, "groups: " + what); }

}  // namespace

Groups Groups::all() { return {1, All{}}; }

Groups Groups::parts(std::vector<std::uint64_t> ends) {
  if (!std::ranges::is_sorted(ends)) refuse("the ends of parts must not descend");
  const std::size_t size = ends.size();
  return {size, Parts{std::move(ends)}};
}

Groups Groups::by_label(std::vector<std::int64_t> labels) {
  if (!std::ranges::is_sorted(labels, std::ranges::less_equal())) refuse("labels must ascend, each given once");
  const std::size_t size = labels.size();
  return {size, Labels{std::move(labels)}};
}

}  // namespace modyn

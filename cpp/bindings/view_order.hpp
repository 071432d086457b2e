// Names of orders, as Python says them.
#pragma once

#include <string>
#include <string_view>

#include "modyn/error.hpp"
#include "modyn/index.hpp"

namespace modyn::bindings {

[[nodiscard]] inline std::string_view name_of(ViewOrder order) {
  return order == ViewOrder::kTime ? "time" : "sequence";
}

[[nodiscard]] inline ViewOrder order_of(std::string_view name) {
  if (name == "time") return ViewOrder::kTime;
  if (name == "sequence") return ViewOrder::kSequence;
  throw Error(ErrorKind::kInvalidArgument, "order '" + std::string(name) + "' is neither 'time' nor 'sequence'");
}

}  // namespace modyn::bindings

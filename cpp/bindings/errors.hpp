// Native errors become the exceptions of modyn.errors.
#pragma once

namespace modyn::bindings {

void register_errors();

}  // namespace modyn::bindings

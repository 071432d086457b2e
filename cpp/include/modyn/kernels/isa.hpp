// Which vector instructions the kernels use. The best that the processor has, unless the environment variable
// MODYN_ISA names another one that it has too (for tests and comparisons).
#pragma once

#include <string_view>
#include <vector>

namespace modyn::kernels {

enum class Isa { kPortable, kAvx2, kAvx512 };

// In use now.
[[nodiscard]] Isa isa() noexcept;
// All that this processor can execute, the best last.
[[nodiscard]] std::vector<Isa> available_isas();
// Use this one from now on, in all threads; it must be available. For tests.
void use_isa(Isa isa) noexcept;

[[nodiscard]] std::string_view name_of(Isa isa) noexcept;

}  // namespace modyn::kernels

#include "modyn/kernels/isa.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

namespace modyn::kernels {
namespace {

constexpr std::array kIsas{Isa::kPortable, Isa::kAvx2, Isa::kAvx512};

bool is_available(Isa isa) noexcept {
  switch (isa) {
    case Isa::kPortable:
      return true;
#if defined(__x86_64__) && !defined(MODYN_PORTABLE_KERNELS)
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
             __builtin_cpu_supports("f16c") != 0;
    case Isa::kAvx512:
      return is_available(Isa::kAvx2) && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0;
#else
    default:
      return false;
#endif
  }
  return false;
}

Isa choose_isa() {
  const std::vector<Isa> available = available_isas();
  if (const char* wanted = std::getenv("MODYN_ISA"); wanted != nullptr) {
    const auto found =
        std::find_if(available.begin(), available.end(), [&](Isa one) { return name_of(one) == wanted; });
    if (found != available.end()) return *found;
  }
  return available.back();
}

std::atomic<Isa>& chosen() {
  static std::atomic<Isa> isa{choose_isa()};
  return isa;
}

}  // namespace

Isa isa() noexcept { return chosen().load(std::memory_order_relaxed); }

std::vector<Isa> available_isas() {
  std::vector<Isa> available;
  std::copy_if(kIsas.begin(), kIsas.end(), std::back_inserter(available), is_available);
  return available;
}

void use_isa(Isa isa) noexcept { chosen().store(isa, std::memory_order_relaxed); }

std::string_view name_of(Isa isa) noexcept {
  switch (isa) {
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kPortable:
      break;
  }
  return "portable";
}

}  // namespace modyn::kernels

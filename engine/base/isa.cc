#include "engine/base/isa.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {

constexpr std::array<std::string_view, 3> kNames{"ref", "avx2", "avx512"};

Isa capped_isa() {
  const char* cap = std::getenv("INGOT_ISA");
  if (cap == nullptr || *cap == '\0') return detected_isa();
  const auto* found = std::find(kNames.begin(), kNames.end(), std::string_view(cap));
  require(found != kNames.end(), "INGOT_ISA: must be ref, avx2 or avx512, got '{}'", cap);
  return std::min(detected_isa(), static_cast<Isa>(found - kNames.begin()));
}

}  // namespace

std::string_view name(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

Isa detected_isa() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) return Isa::avx512;
  if (avx2) return Isa::avx2;
#endif
  return Isa::reference;
}

Isa active_isa() {
  static const Isa isa = capped_isa();
  return isa;
}

}  // namespace ingot::engine

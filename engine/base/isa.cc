#include "engine/base/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cstdlib>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {

constexpr std::array<std::string_view, kIsas.size()> kNames{"ref",        "avx2",       "avxvnni", "avx512",
                                                            "avx512vnni", "avx512bf16", "amx"};

Isa cap() {
  const char* text = std::getenv("INGOT_ISA");
  if (text == nullptr || *text == '\0') return kIsas.back();
  const auto* found = std::find(kNames.begin(), kNames.end(), std::string_view(text));
  require(found != kNames.end(),
          "INGOT_ISA: must be ref, avx2, avxvnni, avx512, avx512vnni, avx512bf16 or amx, got '{}'", text);
  return kIsas[static_cast<std::size_t>(found - kNames.begin())];
}

template <class Predicate>
Isa last_level(const Predicate& holds) {
  return *std::find_if(kIsas.rbegin(), kIsas.rend(), holds);  // the reference always holds
}

#if defined(__x86_64__)
// g++ 12 has no name for it in __builtin_cpu_supports: leaf 7, subleaf 1, EAX bit 4.
bool has_avx_vnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || eax < 1) return false;  // EAX: the last subleaf
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1) != 0;
}

// Leaf 1, ECX bit 29; clang 14 knows no name for it.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & 1u << 29) != 0;
}

// Leaf 7, EDX bits 22, 24 and 25: bfloat16, tiles, bytes. Linux gives a process the tile registers, whose 8 KiB it
// saves for each thread that uses them, only when asked (Documentation/arch/x86/xstate.rst).
bool may_use_amx() {
  constexpr unsigned kFeatures = 1u << 22 | 1u << 24 | 1u << 25;
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kFeatures) != kFeatures) return false;
  static const bool is_permitted = ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return is_permitted;
}
#endif

}  // namespace

std::string_view name(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

bool executes(Isa isa) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  const bool bf16 = vnni && __builtin_cpu_supports("avx512bf16");
  switch (isa) {
    case Isa::reference:
      return true;
    case Isa::avx2:
      return avx2;
    case Isa::avxvnni:
      return avx2 && has_avx_vnni();
    case Isa::avx512:
      return avx512;
    case Isa::avx512vnni:
      return vnni;
    case Isa::avx512bf16:
      return bf16;
    case Isa::amx:
      return bf16 && may_use_amx();
  }
  return false;
#else
  return isa == Isa::reference;
#endif
}

bool uses(Isa isa) {
  static const std::array<bool, kIsas.size()> used = [] {
    const Isa last = cap();
    std::array<bool, kIsas.size()> levels{};
    for (const Isa level : kIsas) levels[static_cast<std::size_t>(level)] = level <= last && executes(level);
    return levels;
  }();
  return used[static_cast<std::size_t>(isa)];
}

Isa detected_isa() { return last_level(executes); }

Isa active_isa() {
  static const Isa isa = last_level(uses);
  return isa;
}

}  // namespace ingot::engine

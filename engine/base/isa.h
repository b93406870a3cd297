// Instruction sets that the kernels are written for, and which of them this run uses.
#pragma once

#include <array>
#include <string_view>

namespace ingot::engine {

// In order of preference. Not a total order of features: every level includes avx2, each level from avx512 on the ones
// between avx512 and itself, but a processor with avx512vnni may lack avxvnni (Cascade Lake) and one with avx512 may
// lack both (Skylake-X).
enum class Isa {
  reference,   // portable C++, normative
  avx2,        // AVX2, FMA, F16C
  avxvnni,     // and AVX-VNNI: sums of products of bytes in vectors of 256 bits
  avx512,      // AVX-512 F, BW, DQ, VL
  avx512vnni,  // and AVX-512 VNNI: the same in vectors of 512 bits
  avx512bf16,  // and AVX-512 BF16: sums of products of pairs in bfloat16
  amx,         // and AMX TILE, BF16 and INT8: products of tiles, if the system lets this process have them
};

inline constexpr std::array kIsas{Isa::reference,  Isa::avx2,       Isa::avxvnni, Isa::avx512,
                                  Isa::avx512vnni, Isa::avx512bf16, Isa::amx};

std::string_view name(Isa isa);

// Whether this processor (and operating system) executes code for the level.
bool executes(Isa isa);

// Whether this run may use code for the level: the processor executes it, and the environment variable INGOT_ISA (ref,
// avx2, avxvnni, avx512, avx512vnni, avx512bf16 or amx), if set, names it or a later one. INGOT_ISA is read once.
// Throws Error if it names no level.
bool uses(Isa isa);

// The last level that this processor executes, and the last one that this run uses.
Isa detected_isa();
Isa active_isa();

}  // namespace ingot::engine

// Instruction sets that the kernels are written for, and which of them this run uses.
#pragma once

#include <string_view>

namespace ingot::engine {

// In order of preference: each level implies those before it.
enum class Isa {
  reference,  // portable C++, normative
  avx2,       // AVX2, FMA, F16C
  avx512,     // AVX-512 F, BW, DQ, VL
};

std::string_view name(Isa isa);

// The best level that this processor (and operating system) executes.
Isa detected_isa();

// The level in use: the detected one, or a lower one named by the environment variable INGOT_ISA (ref, avx2, avx512).
// Read once. Throws Error if INGOT_ISA names no level.
Isa active_isa();

}  // namespace ingot::engine

// What a core does for a text, in its order: which instructions it runs, in which cycles, and what its traces show.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/core/program.h"

namespace ingot::hw {

// An instruction as it is run for a row.
struct Step {
  std::size_t pc;
  std::int64_t row;
};

// The instructions that a text of n tokens runs, without loops and those that are skipped.
std::vector<Step> steps_of(const CorePlan& plan, std::int64_t n);

// Cycles of a text of n tokens.
struct CoreCycles {
  std::int64_t total = 0;     // from the cycle after its last token was taken to the first word of the answer
  std::int64_t products = 0;  // in which the multipliers work
};
CoreCycles cycles_of(const Encoder& encoder, const CorePlan& plan, std::int64_t n);

// The words that the traces of rtl/encoder_core.sv must show for a text, each in the bytes of a beat, little endian.
// `edges`: what every edge of the graph carries for this text (GraphRunner::edges).
struct CoreTraces {
  std::vector<unsigned char> outputs, sums, norms;
};
void add_traces(const Encoder& encoder, const CorePlan& plan, std::int64_t n,
                std::span<const std::vector<std::int32_t>> edges, CoreTraces& traces);

}  // namespace ingot::hw

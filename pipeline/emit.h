// ingot emit: a block of a quantised model, or a small model from a file, as SystemVerilog.
#pragma once

#include <cstdint>
#include <string>

#include "hw/emit/folder.h"
#include "pipeline/data.h"
#include "pipeline/run.h"

namespace ingot::pipeline {

struct EmitOptions : DataOptions {
  std::string model, block, parallelism, target, out, name = hw::kTopName, weight_memory = "rom";
  std::int64_t cycles = 0, multipliers = 0, activations = 0;
  std::int64_t lanes = 1, length = 0;    // of a whole model; a length of 0: the one that it was trained with
  std::int64_t clock = hw::kUsualClock;  // MHz, of a whole model
};

// Throws Error for a block that is not in integers, before anything is written.
void emit_rtl(const EmitOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

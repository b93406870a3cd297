// ingot synth: what emitted RTL takes of a chip.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/run.h"

namespace ingot::pipeline {

struct SynthOptions {
  std::string folder, target = "xilinx", out;
  std::int64_t sweep = 0;
  bool place = false, no_dsp = false;
  std::optional<double> clock{};  // MHz, what placing works towards; none: what the folder is meant for
};

// Throws Error for a folder or a target that cannot be synthesised, and Failure if a tool fails.
void synthesize_rtl(const SynthOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

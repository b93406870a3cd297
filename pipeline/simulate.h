// ingot simulate: emitted RTL in a simulator, against the graph that it was made from.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/run.h"

namespace ingot::pipeline {

inline constexpr std::int64_t kVectors = 100'000;  // unless the user says another number

struct SimulateOptions {
  std::string folder, out, simulator = "verilator", stalls = "random";
  std::string netlist;
  std::int64_t vectors = kVectors, trace = 0;
  int resets = 2;
  bool activations = false, coverage = false, no_dsp = false;
};

// `out` of the options must be given. Throws Failure, after the result, if the hardware does not compute what its graph
// does.
void simulate_rtl(const SimulateOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

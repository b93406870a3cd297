// ingot synth --sweep: Linear layers of many shapes, synthesised to fit the cost model.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/run.h"

namespace ingot::pipeline {

struct SweepOptions {
  std::int64_t n = 0;  // layers
  std::string target;
  bool dsp = true;  // false: products are logic
  std::string out;
};

// Synthesises the layers that OUT/sweep.json lacks, and fits the cost model to all of them.
void sweep_layers(const SweepOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

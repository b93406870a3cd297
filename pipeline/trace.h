// ingot trace: activations and gradients of one batch, to compare with other implementations.
#pragma once

#include <string>

#include "pipeline/run.h"

namespace ingot::pipeline {

struct TraceOptions {
  std::string model, batch, out;
  bool gradients = false;
};

// Writes what the model computes of the batch as safetensors. Throws Error for a batch that is not of the model.
void trace_batch(const TraceOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

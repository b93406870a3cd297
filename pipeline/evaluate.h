// ingot eval: a trained classifier on labelled text.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/classifier.h"
#include "pipeline/data.h"
#include "pipeline/run.h"

namespace ingot::pipeline {

struct EvalOptions : DataOptions, ArithmeticOptions {
  std::string model;
  std::string part = "auto";
  std::int64_t batch = 32, length = 0;
  bool verify = false;
  std::string against;  // another model to compare with; empty: none
  std::string out;
};

// Throws Error for wrong options or data before any work, and Failure if integers differ where --verify compares them.
void evaluate_classifier(const EvalOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

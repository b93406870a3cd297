// ingot baseline: how far n-grams and a regression go on labelled text, without a BERT.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/data.h"
#include "pipeline/run.h"

namespace ingot::pipeline {

struct BaselineOptions : DataOptions {
  std::int64_t ngrams = 3, bucket_bits = 22;
  double c = 0.5;
  std::int64_t validation = -1;  // examples; negative: by rule
  std::string out;
};

// Fits pipeline/ngrams/ngram_model.h to the texts that `train` would train on, a temperature to its validation texts,
// and evaluates both parts and the test part. Throws Error for wrong options or data.
void run_baseline(const BaselineOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

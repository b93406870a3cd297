// How far a model is from another that answers the same question: what quantising or pruning changed.
#pragma once

#include <cstdint>
#include <span>

#include "bert/head.h"

namespace ingot::pipeline {

struct ModelComparison {
  std::int64_t n_answers = 0;    // texts, words, or labels of texts; 0: the head's answers are numbers
  std::int64_t n_different = 0;  // answers
  double noise = 0;              // root mean square of the differences of outputs
  double deviation = 0;          // standard deviation of the other's outputs: what the noise is to be compared with
};

// Of the outputs (bert::Form::outputs), n_outputs > 0 in a row, of a model and of another with the same head, for the
// same texts. Throws Error if they have different numbers of outputs.
ModelComparison compare(const bert::Head& head, std::size_t n_outputs, std::span<const float> ours,
                        std::span<const float> theirs);

}  // namespace ingot::pipeline

// Trains a drawn problem with the engine and with the oracle beside it.
#pragma once

#include <string>
#include <vector>

#include "tests/oracle/problem.h"

namespace ingot::oracle {

// How far a tensor of the engine is from the oracle's, in the unit that float32 allows (training.cc); above 1: too far.
struct Difference {
  std::string what;  // "gradient of bert.pooler.dense.weight, step 1"
  double size = 0;
};

struct Comparison {
  bool is_doubtful = false;  // a number was so near to a border that nothing can be said
  std::vector<Difference> differences;

  const Difference& worst() const;
};

// Of outputs, loss and gradients of the problem's input; and of two steps of training: losses, gradients, their norm
// and the weights.
Comparison compared(const Problem& p);

}  // namespace ingot::oracle

// The Linears of BertSteps' model in integers.
#pragma once

#include "bench/steps.h"
#include "compress/lower/integer_model.h"

namespace ingot::bench {

struct Widths {
  int input = 8, weight = 8;
};

// Inputs as layer norms leave them, within 2^3; weights by channel.
compress::Compression fixed_compression(bert::Model& model, Widths widths);

class IntegerSteps {
 public:
  explicit IntegerSteps(BertSteps& steps, Widths widths = {});

  engine::Tensor infer() const;  // the head's outputs
  engine::Tensor exact() const;  // the same by the reference

 private:
  const BertSteps& steps_;
  bert::Model compressed_;
  compress::IntegerProgram program_;
  compress::IntegerModel integers_;
};

}  // namespace ingot::bench

// The plan of a model that computes in integers alone.
#pragma once

#include <string>

#include "compress/quantize/plan.h"

namespace ingot::compress {

// The widths of a model in integers alone, and the formats of its weights as plans write them. The defaults lose
// nothing (docs/integers).
struct IntegerWidths {
  int activations = 8;  // inputs of Linears, queries, keys, values, layer norms, around activation functions
  std::string weights = "fixed(8,calibrated)", embeddings = weights;
  int residual = 16;  // what is added to the residual stream
  int norm_parameters = 16;
  int scores = 12, score_frac_bits = 4, exponentials = 16;
  bool is_cheap = false;  // layer norms with a table of roots, exponentials by lines
};

// The same width for activations, weights and embeddings.
IntegerWidths integer_widths(int width);

// Every edge of a model in fixed point, with calibrated fraction bits: of weights by channel, of embeddings by row.
Plan integer_plan(const IntegerWidths& widths);

}  // namespace ingot::compress

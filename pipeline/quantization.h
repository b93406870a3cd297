// Pieces of quantising that commands share.
#pragma once

#include <cstdint>
#include <vector>

#include "compress/quantize/plan.h"
#include "pipeline/fine_tuning.h"

namespace ingot::pipeline {

// All Linear layers in the same formats, with `embeddings` the tables too, in that of weights. Calibrated weights have
// fraction bits by channel if asked for. Calibrated fixed point leaves biases float32: they are few, and added to wide
// sums.
compress::Plan uniform_plan(const compress::QuantizerRequest& input, const compress::QuantizerRequest& weight,
                            bool per_channel, bool embeddings);

// The widths of a model in integers alone. The defaults lose nothing (docs/integers).
struct IntegerWidths {
  int activations = 8;  // inputs of Linears, queries, keys, values, layer norms, around activation functions
  int weights = 8, embeddings = 8;
  int residual = 16;  // what is added to the residual stream
  int norm_parameters = 16;
  int scores = 12, score_frac_bits = 4, exponentials = 16;
};

// Every edge of a model in fixed point, with calibrated fraction bits: of weights by channel, of embeddings by row.
compress::Plan integer_plan(const IntegerWidths& widths);

// Training texts to calibrate on, chosen by the seed, in batches.
std::vector<bert::Input> calibration_batches(const TrainingTexts& texts, const data::Framing& framing,
                                             std::int64_t n_texts, std::int64_t batch, std::uint64_t seed);

}  // namespace ingot::pipeline

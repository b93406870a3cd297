// Pieces of quantising that commands share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compress/quantize/plan.h"
#include "pipeline/fine_tuning.h"

namespace ingot::pipeline {

// The format that an option names for inputs, or for weights and inputs. Throws Error, which names the option, if it is
// none, or one that only weights or biases can have.
compress::QuantizerRequest format_of_option(const char* option, const std::string& text);

// All Linear layers in the same formats, with `embeddings` the tables too, in that of weights. Calibrated weights have
// fraction bits by channel if asked for. Calibrated fixed point leaves biases float32: they are few, and added to wide
// sums.
compress::Plan uniform_plan(const compress::QuantizerRequest& input, const compress::QuantizerRequest& weight,
                            bool per_channel, bool embeddings);

// Training texts to calibrate on, chosen by the seed, in batches.
std::vector<bert::Input> calibration_batches(const TrainingTexts& texts, const data::Framing& framing,
                                             std::int64_t n_texts, std::int64_t batch, std::uint64_t seed);

}  // namespace ingot::pipeline

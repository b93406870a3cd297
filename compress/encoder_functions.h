// Layer norms, attention and the summary of a model as training computes them where all their edges are fixed point:
// values are those of the integer graph, bit for bit, and gradients those of the real functions at the same inputs
// (straight-through).
#pragma once

#include "bert/model.h"
#include "compress/encoder_formats.h"

namespace ingot::compress {

// Puts such functions wherever `compression` says the formats, and takes those of an earlier call away elsewhere.
void attach_encoder(bert::Model& model, const Compression& compression);

// Whether the model has such functions.
bool has_integer_encoder(const bert::Model& model);

}  // namespace ingot::compress

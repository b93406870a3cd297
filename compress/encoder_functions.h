// Layer norms, attention and the summary of a model as training computes them where all their edges are fixed point:
// values are those of the integer graph, bit for bit, and gradients those of the real functions at the same inputs
// (straight-through).
#pragma once

#include <functional>

#include "bert/model.h"
#include "compress/encoder_formats.h"

namespace ingot::compress {

// Puts such functions wherever `compression` says the formats, and takes those of an earlier call away elsewhere.
void attach_encoder(bert::Model& model, const Compression& compression);

// Gives an edge the value that the integers say. The gradient goes to `real`, what the real function says, and to
// whatever else the value depends on.
using Rounded = std::function<engine::Variable(const engine::Variable& real, engine::Tensor value)>;

// Formats that change while a model is trained. All of it is asked in each forward pass.
struct MovingFormats {
  std::function<EncoderFormats()> formats;
  std::function<Rounded(const std::string& layer, Role role)> rounded;  // for the edge with this tensor's format
};

// The same with such formats, in a model to which the rest is attached already. Which functions there are is that of
// the present formats.
void attach_encoder(bert::Model& model, const MovingFormats& moving);

// Whether the model has such functions.
bool has_integer_encoder(const bert::Model& model);

}  // namespace ingot::compress

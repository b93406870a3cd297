// The numbers that a compressed model computes with, for readers that know no formats.
#pragma once

#include <map>
#include <string>

#include "bert/model.h"
#include "compress/compression.h"

namespace ingot::compress {

// Every parameter as the model computes with it: first masked, then quantised.
std::map<std::string, engine::Tensor> effective_parameters(bert::Model model);

// The compression with which a model of the effective parameters of `model` gives the bits of `model`: that of `model`
// without the formats of weights and biases that would change their own numbers again (as one that takes its scale from
// the mean of what it has scaled).
Compression settled(const bert::Model& model, Compression compression);

}  // namespace ingot::compress

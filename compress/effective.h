// The numbers that a compressed model computes with, for readers that know no formats.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "bert/model.h"
#include "compress/compression.h"

namespace ingot::compress {

// Makes the tensor of a layer, or gives one that was made before for the same layer and compression.
using KeepTensor =
    std::function<engine::Variable(const std::string& layer, const std::function<engine::Tensor()>& make)>;
engine::Variable make_tensor(const std::string& layer, const std::function<engine::Tensor()>& make);

// A model that gives the same bits, with its weights, biases and tables quantised once instead of with every batch.
// Inputs and outputs stay as they are changed on their way.
bert::Model baked(const bert::Model& model, const KeepTensor& keep = make_tensor);
// The embedding tables alone.
void bake_tables(bert::Model& model, const KeepTensor& keep = make_tensor);

// Every parameter as the model computes with it: first masked, then quantised.
std::map<std::string, engine::Tensor> effective_parameters(bert::Model model);

// The compression with which a model of the effective parameters of `model` gives the bits of `model`: that of `model`
// without the formats of weights and biases that would change their own numbers again (as one that takes its scale from
// the mean of what it has scaled).
Compression settled(const bert::Model& model, Compression compression);

}  // namespace ingot::compress

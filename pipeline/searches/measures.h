// The measures that searches of models optimise.
#pragma once

#include <string>
#include <vector>

#include "pipeline/model_folder.h"
#include "pipeline/searches/results.h"

namespace ingot::pipeline {

// From a list such as "accuracy,bits", of which accuracy is the first. Throws Error naming the `known` ones.
std::vector<Measure> measures_of(const std::string& list, const std::vector<std::string>& known);

// Their values for a model: its validation accuracy, number of parameters, bits a parameter, bytes of its packed codes,
// logic of its Linear layers in hardware. Throws Error for hardware of what is not fixed point.
std::vector<double> measured(const std::vector<Measure>& measures, double accuracy, CompressedModel& model);

}  // namespace ingot::pipeline

// What a search of number formats under a bound of bits tries first.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pipeline/searches/format_space.h"
#include "pipeline/searches/whole_formats.h"

namespace ingot::pipeline {

// Values of parameters by name.
using Parameters = std::map<std::string, search::Choice>;

// What one tensor can be: each of its formats, as the parameters that stand for it.
using Alternatives = std::vector<Parameters>;

// One for each tensor.
std::vector<Alternatives> alternatives_of(const std::vector<SearchedTensor>& tensors,
                                          const std::vector<FormatSpace>& spaces);
// One for each weight or table, with every width; one for each edge, with its widest.
std::vector<Alternatives> alternatives_of(const std::vector<WidthAxis>& axes);

// The parameter that a trial with these parameters picks.
double pick_from(const Parameters& parameters, const std::string& name, const search::Distribution& distribution);

// The widest of the formats that all tensors can have at once within so many bits a parameter on average, of equally
// wide ones the first. If none fits, the format with the fewest bits for each tensor. `bits_of` says the average of a
// model with such parameters; it must be a sum over tensors. Throws Error if even the fewest bits are too many.
Parameters first_below(double most_bits, const std::vector<Alternatives>& tensors,
                       const std::function<double(const Parameters&)>& bits_of);

}  // namespace ingot::pipeline

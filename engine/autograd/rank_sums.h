// Gradients that several ranks have parts of.
#pragma once

#include <cstddef>
#include <span>

#include "engine/autograd/variable.h"
#include "engine/base/ranks.h"

namespace ingot::engine {

// On the first rank each variable's gradient becomes factor times the sum of all ranks' gradients, as a binary tree
// over the ranks; on the others it is used up. The first `n_parameters` variables are the same on all ranks; of those
// behind them a rank without texts may lack the last. Throws Failure if the first rank lacks one that another has.
void add_up_ranks(Ranks& ranks, std::span<const Variable> variables, std::size_t n_parameters, float factor);

// On all ranks the gradients become those of the first one.
void send_from_first(Ranks& ranks, std::span<const Variable> variables);

}  // namespace ingot::engine

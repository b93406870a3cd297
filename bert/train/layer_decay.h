// Learning rates that fall from the head to the embeddings.
#pragma once

#include <vector>

#include "bert/config.h"

namespace ingot::bert {

// Factors on the learning rate, one for each parameter in the order of Model::parameters(): 1 for pooler and head,
// decay^(L - i) for encoder layer i = 0 ... L - 1 of L, decay^(L + 1) for the embeddings.
std::vector<float> layer_rate_factors(const Config& config, double decay);

}  // namespace ingot::bert

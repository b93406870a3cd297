// Sums of signs with scales that can be learned.
#pragma once

#include "engine/autograd/variable.h"

namespace ingot::compress {

// y = sum_l alphas[l] sign(r_l), r_0 = x, r_(l+1) = r_l - alphas[l] sign(r_l); alphas [L], 1 <= L <= 8. The gradient of
// x is straight-through where |x| <= 1 and 0 elsewhere; that of alphas[l] is sum dy sign(r_l).
engine::Variable binary_residual(const engine::Variable& x, const engine::Variable& alphas);

}  // namespace ingot::compress

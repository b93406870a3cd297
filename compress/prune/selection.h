// Chooses the weights to prune: exact counts, whatever ties there are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ingot::compress {

// Of all weights whose scores these are, together, makes round(sparsity n) kPruned (half away from 0), those that are
// so already among them, and never fewer than these. The lowest scores fall first; of equal ones the earlier, in the
// order of the tensors and then of the positions.
void prune_lowest(std::span<const std::span<float>> tensors, double sparsity);

// The same within each run of `group` neighbouring scores. `group` divides their number.
void prune_lowest_in_groups(std::span<float> scores, std::int64_t group, double sparsity);

}  // namespace ingot::compress

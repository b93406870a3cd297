// Sums whose order does not depend on who adds.
#pragma once

#include <cstdint>
#include <span>

namespace ingot::engine {

// sum[begin..end) = factor * the sum of parts[.][begin..end) as a binary tree: parts 2 i and 2 i + 1 first, then pairs
// of those sums, and so on. Null parts are passed over; of null parts alone the sum is 0. The sum may be one of the
// parts.
void add_tree(std::span<const float* const> parts, std::int64_t begin, std::int64_t end, float factor, float* sum);

}  // namespace ingot::engine

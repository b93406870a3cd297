// Division of whole numbers, rounded up.
#pragma once

#include <cstdint>

namespace ingot::engine {

// The least number of parts of size b > 0 that hold a >= 0.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The least multiple of b that is at least a.
constexpr std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

}  // namespace ingot::engine

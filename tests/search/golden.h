// Reference values of search, and how near to them is near.
#pragma once

#include <algorithm>
#include <cmath>

#include "engine/base/files.h"
#include "engine/io/json.h"

namespace ingot::test {

inline const engine::Json& golden_search() {
  static const engine::Json golden = engine::Json::parse(engine::read_file(INGOT_GOLDEN "/search.json"));
  return golden;
}

// More of Optuna 4.6.0 and 5.0.0, recorded like the trajectories above: a stable sort of equal observations, and the
// first of the candidates within 1e-9 of the best.
inline const engine::Json& golden_optuna() {
  static const engine::Json golden = engine::Json::parse(engine::read_file(INGOT_GOLDEN "/search_optuna.json"));
  return golden;
}

// Within `relative` of the larger, or of 1 for what is smaller.
inline bool near(double a, double b, double relative) {
  return a == b || std::abs(a - b) <= relative * std::max({1.0, std::abs(a), std::abs(b)});
}

}  // namespace ingot::test

#include "engine/optim/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {
constexpr std::array<std::string_view, 3> kNames{"linear", "cosine", "constant"};
}

Decay decay_from_name(std::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  require(found != kNames.end(), "schedule: must be linear, cosine or constant, got '{}'", name);
  return static_cast<Decay>(found - kNames.begin());
}

std::string_view name(Decay decay) { return kNames[static_cast<std::size_t>(decay)]; }

double Schedule::at(std::int64_t step) const {
  if (step < warm_up_steps) return peak * static_cast<double>(step + 1) / static_cast<double>(warm_up_steps);
  const auto left = static_cast<double>(std::max<std::int64_t>(0, n_steps - step));
  const double share = left / static_cast<double>(std::max<std::int64_t>(1, n_steps - warm_up_steps));
  switch (decay) {
    case Decay::linear:
      return peak * share;
    case Decay::cosine:
      return peak * 0.5 * (1.0 + std::cos(std::numbers::pi * (1.0 - share)));
    case Decay::constant:
      return peak;
  }
  return peak;
}

}  // namespace ingot::engine

// Learning rates over a run.
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot::engine {

enum class Decay { linear, cosine, constant };

Decay decay_from_name(std::string_view name);  // linear, cosine, constant; Error otherwise
std::string_view name(Decay decay);

// Linear warm-up over the first warm_up_steps, then decay to 0 at n_steps (constant: none).
struct Schedule {
  double peak = 1e-3;
  std::int64_t n_steps = 1;
  std::int64_t warm_up_steps = 0;
  Decay decay = Decay::linear;

  // Rate of step 0, 1, ... n_steps - 1. While warming up: peak (step + 1) / warm_up_steps. Then, with
  // share = (n_steps - step) / (n_steps - warm_up_steps): linear peak share, cosine peak (1 + cos(pi (1 - share))) / 2,
  // constant peak.
  double at(std::int64_t step) const;
};

}  // namespace ingot::engine

// Loops over the elements of a call, shared by threads in chunks that do not depend on their number.
#pragma once

#include <algorithm>
#include <cstdint>

#include "compress/formats/kind.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"

namespace ingot::compress {

inline constexpr std::int64_t kGrain = 1 << 14;  // elements a chunk

// y[i] = value(x[i]).
template <class Value>
void map_elements(const QuantizeCall& call, const Value& value) {
  engine::parallel_for(call.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    const float* x = call.x;
    float* y = call.y;
    for (std::int64_t i = begin; i < end; ++i) y[i] = value(x[i]);
  });
}

// y[i] = value(x[i], u) for u uniform over [0, 1) in steps of 2^-32: draw i of Rng(seed, stream), which is word i % 4
// of philox block i / 4. Chunks begin with a block.
template <class Value>
void map_elements_with_draws(const QuantizeCall& call, const Value& value) {
  static_assert(kGrain % 4 == 0);
  const std::uint64_t seed = call.options.seed, stream = call.options.stream;
  engine::parallel_for(call.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += 4) {
      const auto block = static_cast<std::uint64_t>(i) / 4;
      const engine::PhiloxBlock words =
          engine::philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                          static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                         seed);
      const auto n = static_cast<std::size_t>(std::min<std::int64_t>(4, end - i));
      const float* x = call.x + i;
      float* y = call.y + i;
      for (std::size_t j = 0; j < n; ++j) y[j] = value(x[j], words[j] * 0x1p-32);
    }
  });
}

// y[i] = value(group)(x[i]), for groups of `size` neighbours.
template <class Value>
void map_groups(const QuantizeCall& call, std::int64_t size, const Value& value) {
  engine::parallel_for(call.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t group = begin / size, stop = std::min(end, (group + 1) * size);
      const auto of_group = value(static_cast<std::size_t>(group));
      for (; begin < stop; ++begin) call.y[begin] = of_group(call.x[begin]);
    }
  });
}

}  // namespace ingot::compress

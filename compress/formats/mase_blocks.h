// Blocks as MASE sees them: one that is all zeros borrows the smallest maximum of the others.
#pragma once

#include <algorithm>
#include <vector>

#include "compress/formats/blocks.h"

namespace ingot::compress::mase {

// quantize(maximum of its block, n, x, y) for each run. If everything is 0 it stays so; a block with a NaN is NaN.
template <class Quantize>
void for_each_block(const QuantizeCall& call, const Quantize& quantize) {
  const Blocks blocks(call.shape, call.format.block(), call.options.is_batch);
  std::vector<float> maxima(static_cast<std::size_t>(blocks.count()));
  compress::for_each_block(blocks, [&](std::int64_t i, const Block& block) {
    maxima[static_cast<std::size_t>(i)] = maximum(block, call.x);
  });
  float smallest = 0;
  for (const float m : maxima) smallest = m > 0 && (smallest == 0 || m < smallest) ? m : smallest;
  compress::for_each_block(blocks, [&](std::int64_t i, const Block& block) {
    const float largest = maxima[static_cast<std::size_t>(i)];
    if (largest != largest || smallest == 0) return fill_block(block, largest, call.y);
    block.for_each_run([&](std::int64_t begin) {
      quantize(largest == 0 ? smallest : largest, block.length, call.x + begin, call.y + begin);
    });
  });
}

}  // namespace ingot::compress::mase

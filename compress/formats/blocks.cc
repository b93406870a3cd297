#include "compress/formats/blocks.h"

#include <algorithm>
#include <bit>

namespace ingot::compress {

Blocks::Blocks(const engine::Shape& shape, const BlockSize& size, bool is_batch) {
  const int missing = 4 - shape.rank();
  for (int i = 0; i < shape.rank(); ++i) dims_[static_cast<std::size_t>(missing + i)] = shape[i];
  std::int64_t stride = 1;
  for (int i = 3; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    const int given = i - (4 - size.rank);
    const std::int64_t wanted = given < 0 ? -1 : size.sizes[static_cast<std::size_t>(given)];
    sizes_[at] = wanted == -1 ? dims_[at] : std::min(wanted, dims_[at]);
    if (is_batch && i == missing) sizes_[at] = std::min<std::int64_t>(1, dims_[at]);
    counts_[at] = sizes_[at] == 0 ? 0 : (dims_[at] + sizes_[at] - 1) / sizes_[at];
    strides_[at] = stride;
    stride *= dims_[at];
  }
}

Block Blocks::operator[](std::int64_t i) const {
  std::array<std::int64_t, 4> lengths{};
  Block block{};
  for (std::size_t d = 4; d-- > 0;) {
    std::int64_t begin = 0;
    if (counts_[d] > 1) {  // a division costs as much as a few elements
      begin = i % counts_[d] * sizes_[d];
      i /= counts_[d];
    }
    lengths[d] = std::min(sizes_[d], dims_[d] - begin);
    block.first += begin * strides_[d];
  }
  block.counts = {lengths[0], lengths[1], lengths[2]};
  block.strides = {strides_[0], strides_[1], strides_[2]};
  block.length = lengths[3];
  return block;
}

// Without their signs, the bits of floats are ordered as the floats are, NaN above all: an integer maximum, which
// compilers put into vectors.
float maximum(const Block& block, const float* x) {
  std::int32_t largest = 0;
  block.for_each_run([&](std::int64_t begin) {
    for (std::int64_t i = begin; i < begin + block.length; ++i) {
      const std::int32_t bits = std::bit_cast<std::int32_t>(x[i]) & 0x7fff'ffff;
      largest = bits > largest ? bits : largest;
    }
  });
  constexpr std::int32_t infinity = 0x7f80'0000;
  return std::bit_cast<float>(largest == infinity ? infinity - 1 : largest);
}

void round_block(const Block& block, const FloatGrid& grid, const float* x, float* y) {
  block.for_each_run([&](std::int64_t begin) { round_to_grid(grid, block.length, x + begin, y + begin); });
}

void fill_block(const Block& block, float value, float* y) {
  block.for_each_run([&](std::int64_t begin) { std::fill_n(y + begin, block.length, value); });
}

void round_blocks(const QuantizeCall& call, const BlockGrids& grids) {
  const Blocks blocks(call.shape, grids.size(call.format), call.options.is_batch);
  for_each_block(blocks, [&](std::int64_t, const Block& block) {
    const float largest = maximum(block, call.x);
    if (!(largest > 0)) return fill_block(block, largest, call.y);
    round_block(block, grids.grid(call.format, static_cast<double>(largest)), call.x, call.y);
  });
}

double bits_with_shared(const Format& format, const engine::Shape& shape, const BlockSize& size, double shared_bits) {
  const auto n_blocks = static_cast<double>(Blocks(shape, size, false).count());
  return format.parameter("width") +
         shared_bits * n_blocks / static_cast<double>(std::max<std::int64_t>(1, shape.size()));
}

}  // namespace ingot::compress

#include "compress/formats/blocks.h"

#include <algorithm>
#include <limits>

#include "engine/kernels/float_grid/float_grid.h"

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

bool Blocks::are_neighbours() const {
  std::size_t d = 3;
  while (d > 0 && sizes_[d] == dims_[d]) --d;
  return dims_[d] % sizes_[d] == 0 &&
         std::all_of(sizes_.begin(), sizes_.begin() + d, [](auto size) { return size == 1; });
}

namespace {

constexpr float kLargestFloat = std::numeric_limits<float>::max();

float finite(float largest) { return largest > kLargestFloat ? kLargestFloat : largest; }

// Many blocks at a time, each a run of `length` neighbours.
void round_neighbours(const QuantizeCall& call, const BlockGrids& grids, std::int64_t length) {
  constexpr std::int64_t kMost = 64;
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / length);
  engine::parallel_for(call.n / length, grain, [&](std::int64_t begin, std::int64_t end) {
    std::array<float, kMost> largest;
    std::array<FloatGrid, kMost> grid;
    for (std::int64_t first = begin; first < end; first += kMost) {
      const std::int64_t n = std::min(kMost, end - first);
      const float* x = call.x + first * length;
      float* y = call.y + first * length;
      engine::kernels::largest_magnitudes(n, length, x, largest.data());
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        grid[i] = largest[i] > 0 ? grids.grid(call.format, static_cast<double>(finite(largest[i]))) : FloatGrid{};
      engine::kernels::round_to_grids(n, length, grid.data(), x, y);
      for (std::int64_t i = 0; i < n; ++i) {
        const float most = largest[static_cast<std::size_t>(i)];
        if (most != most) std::fill_n(y + i * length, length, most);
      }
    }
  });
}

}  // namespace

float maximum(const Block& block, const float* x) {
  float largest = 0;
  block.for_each_run([&](std::int64_t begin) {
    float most;
    engine::kernels::largest_magnitudes(1, block.length, x + begin, &most);
    if (largest == largest && !(most <= largest)) largest = most;
  });
  return finite(largest);
}

void round_block(const Block& block, const FloatGrid& grid, const float* x, float* y) {
  block.for_each_run([&](std::int64_t begin) { round_to_grid(grid, block.length, x + begin, y + begin); });
}

void fill_block(const Block& block, float value, float* y) {
  block.for_each_run([&](std::int64_t begin) { std::fill_n(y + begin, block.length, value); });
}

void round_blocks(const QuantizeCall& call, const BlockGrids& grids) {
  const Blocks blocks(call.shape, grids.size(call.format), call.options.is_batch);
  if (blocks.are_neighbours()) return round_neighbours(call, grids, blocks.volume());
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

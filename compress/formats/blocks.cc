#include "compress/formats/blocks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <vector>

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

void fill_block(const Block& block, float value, float* y) {
  block.for_each_run([&](std::int64_t begin) { std::fill_n(y + begin, block.length, value); });
}

namespace {

constexpr std::int64_t kMostRuns = 64;  // whose grids are found at a time

// Rounds n <= kMostRuns runs of `length` neighbours, each to the grid of its largest magnitude.
void round_runs(const QuantizeCall& call, const BlockGrids& grids, std::int64_t n, std::int64_t length, const float* x,
                float* y) {
  std::array<float, kMostRuns> largest;
  std::array<FloatGrid, kMostRuns> grid;
  engine::kernels::largest_magnitudes(n, length, x, largest.data());
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    const double finite = std::min<double>(largest[i], std::numeric_limits<float>::max());
    grid[i] = largest[i] > 0 ? grids.grid(call.format, finite) : FloatGrid{};  // of 0 alone
  }
  engine::kernels::round_to_grids(n, length, grid.data(), x, y);
  for (std::int64_t i = 0; i < n; ++i) {
    const float most = largest[static_cast<std::size_t>(i)];
    if (most != most) std::fill_n(y + i * length, length, most);
  }
}

}  // namespace

void round_blocks(const QuantizeCall& call, const BlockGrids& grids) {
  if (call.n == 0) return;
  const Blocks blocks(call.shape, grids.size(call.format), call.options.is_batch);
  const std::int64_t volume = blocks.volume(), grain = std::max<std::int64_t>(1, kGrain / volume);
  if (blocks.are_neighbours()) {
    return engine::parallel_for(blocks.count(), grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; i += kMostRuns)
        round_runs(call, grids, std::min(kMostRuns, end - i), volume, call.x + i * volume, call.y + i * volume);
    });
  }
  engine::parallel_for(blocks.count(), grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> values(static_cast<std::size_t>(volume));  // of a block, as neighbours
    for (std::int64_t i = begin; i < end; ++i) {
      const Block block = blocks[i];
      float* to = values.data();
      block.for_each_run([&](std::int64_t first) { to = std::copy_n(call.x + first, block.length, to); });
      round_runs(call, grids, 1, to - values.data(), values.data(), values.data());
      const float* from = values.data();
      block.for_each_run([&](std::int64_t first) {
        std::copy_n(from, block.length, call.y + first);
        from += block.length;
      });
    }
  });
}

double bits_with_shared(const Format& format, const engine::Shape& shape, const BlockSize& size, double shared_bits) {
  const auto n_blocks = static_cast<double>(Blocks(shape, size, false).count());
  return format.parameter("width") +
         shared_bits * n_blocks / static_cast<double>(std::max<std::int64_t>(1, shape.size()));
}

}  // namespace ingot::compress

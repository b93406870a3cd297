// A tensor cut into blocks (formats/format.h says how), each seen as runs of neighbouring elements.
#pragma once

#include <array>
#include <cstdint>

#include "compress/formats/elements.h"
#include "compress/formats/kind.h"

namespace ingot::compress {

struct Block {
  std::int64_t first;                           // index of its first element
  std::array<std::int64_t, 3> counts, strides;  // of runs, over the outer dimensions
  std::int64_t length;                          // of a run

  // visit(index of the first element) for each run.
  template <class Visit>
  void for_each_run(const Visit& visit) const {
    for (std::int64_t a = 0; a < counts[0]; ++a) {
      for (std::int64_t b = 0; b < counts[1]; ++b) {
        for (std::int64_t c = 0; c < counts[2]; ++c) visit(first + a * strides[0] + b * strides[1] + c * strides[2]);
      }
    }
  }
};

// The blocks of a shape, in four dimensions.
class Blocks {
 public:
  Blocks(const engine::Shape& shape, const BlockSize& size, bool is_batch);

  std::int64_t count() const { return counts_[0] * counts_[1] * counts_[2] * counts_[3]; }
  std::int64_t volume() const { return sizes_[0] * sizes_[1] * sizes_[2] * sizes_[3]; }  // of a whole one
  Block operator[](std::int64_t i) const;

  // Whether block i is the run of neighbours from i volume() on.
  bool are_neighbours() const;

 private:
  std::array<std::int64_t, 4> dims_{1, 1, 1, 1}, sizes_{}, counts_{}, strides_{};
};

// visit(i, block) for all blocks, shared by threads.
template <class Visit>
void for_each_block(const Blocks& blocks, const Visit& visit) {
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, blocks.volume()));
  engine::parallel_for(blocks.count(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) visit(i, blocks[i]);
  });
}

// The largest |x| of a block; NaN if it holds one. Infinities count as the largest float32.
float maximum(const Block& block, const float* x);

void fill_block(const Block& block, float value, float* y);

// Quantises every block to its grid; a block of zeros gives zeros, one with a NaN, which has no scale, NaN throughout,
// as OCP Microscaling has it.
void round_blocks(const QuantizeCall& call, const BlockGrids& grids);

// Bits of one element, with its share of `shared_bits` a block.
double bits_with_shared(const Format& format, const engine::Shape& shape, const BlockSize& size, double shared_bits);

}  // namespace ingot::compress

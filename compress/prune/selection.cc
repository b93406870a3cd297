#include "compress/prune/selection.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "compress/prune/criterion.h"

namespace ingot::compress {
namespace {

// Score and place as one integer that orders as (score, place) does: floats of one sign order as their bits do,
// negative ones the other way round.
std::uint64_t key_of(float score, std::size_t place) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // -0 is 0
  const std::uint32_t ordered = bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
  return std::uint64_t{ordered} << 32 | place;
}

// Marks the lowest; `keys` is room to work in.
void prune(std::span<const std::span<float>> tensors, double sparsity, std::vector<std::uint64_t>& keys) {
  keys.clear();
  for (const std::span<float> scores : tensors) {
    for (const float score : scores) keys.push_back(key_of(score, keys.size()));
  }
  assert(keys.size() <= UINT32_MAX);
  const auto count = static_cast<std::ptrdiff_t>(std::llround(sparsity * static_cast<double>(keys.size())));
  if (count == 0) return;
  std::nth_element(keys.begin(), keys.begin() + count - 1, keys.end());
  const std::uint64_t highest = keys[static_cast<std::size_t>(count - 1)];
  std::size_t place = 0;
  for (const std::span<float> scores : tensors) {
    for (float& score : scores) {
      if (key_of(score, place++) <= highest) score = kPruned;
    }
  }
}

}  // namespace

void prune_lowest(std::span<const std::span<float>> tensors, double sparsity) {
  std::vector<std::uint64_t> keys;
  prune(tensors, sparsity, keys);
}

void prune_lowest_in_groups(std::span<float> scores, std::int64_t group, double sparsity) {
  const auto size = static_cast<std::size_t>(group);
  assert(scores.size() % size == 0);
  std::vector<std::uint64_t> keys;
  for (std::size_t begin = 0; begin < scores.size(); begin += size) {
    const std::span<float> part = scores.subspan(begin, size);
    prune({&part, 1}, sparsity, keys);
  }
}

}  // namespace ingot::compress

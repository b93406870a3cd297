#include "engine/autograd/tree_sum.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ingot::engine {
namespace {

constexpr std::int64_t kBlock = 256;  // floats that are added at a time: a few blocks stay in the first cache
constexpr std::size_t kMostLevels = 32;

// sum[0..n) = factor * the sum of parts[.][at..at + n) as a binary tree over the parts; null parts are passed over.
// waiting[level] is the sum of 2^level parts that waits for its neighbour's, for each bit of the number of parts so
// far.
void add_block(std::span<const float* const> parts, std::int64_t at, std::int64_t n, float factor, float* sum) {
  std::array<std::array<std::array<float, kBlock>, 2>, kMostLevels>
      sums;  // by level: one that waits, and one that comes
  std::array<const float*, kMostLevels> waiting{};
  const auto add = [&](std::size_t level, const float* left, const float* right) {  // two sums of `level`
    if (left == nullptr && right == nullptr) return right;
    float* both = sums[level][waiting[level + 1] == nullptr ? 0 : 1].data();
    if (left == nullptr || right == nullptr) {
      std::copy_n(left == nullptr ? right : left, n, both);
    } else {
      for (std::int64_t i = 0; i < n; ++i) both[i] = left[i] + right[i];
    }
    return static_cast<const float*>(both);
  };
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const float* carry = parts[part] == nullptr ? nullptr : parts[part] + at;
    std::size_t level = 0;
    for (; part >> level & 1; ++level) carry = add(level, std::exchange(waiting[level], nullptr), carry);
    waiting[level] = carry;
  }
  const float* all = nullptr;
  for (std::size_t level = 0; level + 1 < kMostLevels && parts.size() >> level != 0; ++level) {
    if (parts.size() >> level & 1) all = add(level, waiting[level], all);
  }
  for (std::int64_t i = 0; i < n; ++i) sum[i] = all == nullptr ? 0.0f : factor * all[i];
}

}  // namespace

void add_tree(std::span<const float* const> parts, std::int64_t begin, std::int64_t end, float factor, float* sum) {
  for (std::int64_t at = begin; at < end; at += kBlock)
    add_block(parts, at, std::min(kBlock, end - at), factor, sum + at);
}

}  // namespace ingot::engine

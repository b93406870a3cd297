#include "engine/autograd/tree_sum.h"

#include <algorithm>
#include <array>

namespace ingot::engine {
namespace {

constexpr std::int64_t kBlock = 256;  // floats that are added at a time: a few blocks stay in the first cache
constexpr std::size_t kMostLevels = 32;

// sum[0..n) = factor * the sum of parts[.][at..at + n) as a binary tree over the parts; null parts are passed over.
// The sums that wait for a partner are those of 2^k parts for the bits k of the number of parts seen so far.
void add_block(std::span<const float* const> parts, std::int64_t at, std::int64_t n, float factor, float* sum) {
  std::array<std::array<float, kBlock>, kMostLevels> waiting;
  std::array<bool, kMostLevels> is_there{};
  const auto add = [n](bool left_is_there, const float* left, bool right_is_there,
                       float* right) {  // right = left + right
    if (!left_is_there) return right_is_there;
    if (right_is_there) {
      for (std::int64_t i = 0; i < n; ++i) right[i] = left[i] + right[i];
    } else {
      std::copy_n(left, n, right);
    }
    return true;
  };
  std::array<float, kBlock> carry;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    bool carried = parts[part] != nullptr;
    if (carried) std::copy_n(parts[part] + at, n, carry.data());
    std::size_t level = 0;
    for (; part >> level & 1; ++level) carried = add(is_there[level], waiting[level].data(), carried, carry.data());
    is_there[level] = carried;
    if (carried) std::copy_n(carry.data(), n, waiting[level].data());
  }
  bool carried = false;
  for (std::size_t level = 0; level < kMostLevels && parts.size() >> level != 0; ++level) {
    if (parts.size() >> level & 1) carried = add(is_there[level], waiting[level].data(), carried, carry.data());
  }
  for (std::int64_t i = 0; i < n; ++i) sum[i] = carried ? factor * carry[i] : 0.0f;
}

}  // namespace

void add_tree(std::span<const float* const> parts, std::int64_t begin, std::int64_t end, float factor, float* sum) {
  for (std::int64_t at = begin; at < end; at += kBlock)
    add_block(parts, at, std::min(kBlock, end - at), factor, sum + at);
}

}  // namespace ingot::engine

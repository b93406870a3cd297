// Scales taken from the data: one for the tensor or one for each output channel.
#pragma once

#include <cstdint>
#include <vector>

#include "compress/formats/kind.h"

namespace ingot::compress {

// The parameter of formats that says which. The channel is the outermost dimension, as in a weight [out, in].
enum class Scale { none, tensor, channel };
inline constexpr const char* kScales[] = {"none", "tensor", "channel"};

// The elements that share a scale: `count` groups of `size` neighbours. Examples of a batch share none.
struct Groups {
  std::int64_t count, size;
};
Groups groups_of(const engine::Shape& shape, Scale scale, bool is_batch);

// mean |x| of each group, NaN where it holds one; with `above`, a bound for each group, only of the |x| above it, and 0
// where none is. Infinities count as the largest float32. The same bits with any number of threads.
std::vector<double> mean_magnitudes(Groups groups, const float* x, const std::vector<double>* above = nullptr);

// 32 bits for each scale, shared by the elements.
double scale_bits(const engine::Shape& shape, Scale scale);

}  // namespace ingot::compress

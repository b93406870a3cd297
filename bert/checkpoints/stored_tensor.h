// A tensor as it lies in a file of weights, whatever the format of the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"

namespace ingot::bert {

struct StoredTensor {
  engine::SafetensorsEntry entry;     // its bytes go from the first element to the last
  std::vector<std::int64_t> strides;  // in elements, one a dimension; empty: row-major, without gaps
  const std::string* file = nullptr;  // name for messages
};

// The values, row-major. Throws Error naming file and tensor if it is not of F32, F16 or BF16, which are widened.
std::vector<float> floats_of(const StoredTensor& tensor);

}  // namespace ingot::bert

// Formats on tensors in one word.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "compress/formats/format.h"

namespace ingot::test {

inline std::vector<float> quantized(const compress::Format& format, const engine::Shape& shape,
                                    const std::vector<float>& x, const compress::QuantizeOptions& options = {}) {
  std::vector<float> y(x.size(), 77.0f);
  compress::quantize(format, shape, x, y, options);
  return y;
}

inline std::vector<float> quantized(const std::string& format, const engine::Shape& shape, const std::vector<float>& x,
                                    const compress::QuantizeOptions& options = {}) {
  return quantized(compress::parse_format(format), shape, x, options);
}

inline std::vector<float> quantized(const std::string& format, const std::vector<float>& x,
                                    const compress::QuantizeOptions& options = {}) {
  return quantized(format, {static_cast<std::int64_t>(x.size())}, x, options);
}

}  // namespace ingot::test

// Powers of two, for log and block_log.
#pragma once

#include <algorithm>

#include "compress/formats/float_grid.h"

namespace ingot::compress {

// Width bits: a sign, and w - 1 bits of E + b, of which the code 0 stands for the number 0.
FloatGrid log_grid(int width, int bias);

namespace mase {

// The powers of two of MASE's logarithmic format, which has no 0: sign(x + p/10) 2^E, E = round(log2(|x| + p/10))
// within [lowest, highest], p = 2^lowest.
struct LogCase {
  int lowest, highest;
  float tenth;
};
inline LogCase log_case(int width, int bias) {
  return {-bias, std::min((1 << (width - 1)) - 1 - bias, 127), static_cast<float>(0.1 * exp2_of(-bias))};
}
float nearest_power(const LogCase& log, float x);

}  // namespace mase
}  // namespace ingot::compress

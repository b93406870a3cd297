#include "hw/package/board.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace ingot::hw {

using engine::require;

// Ranges by Lattice's FPGA-DS-02012: phase detector 3.125 to 400 MHz, oscillator 400 to 800 MHz, dividers up to 128.
Ecp5Pll ecp5_pll(double mhz) {
  require(mhz >= 10 && mhz <= 400, "clock of the board: must be 10 to 400 MHz, got {}", mhz);
  Ecp5Pll best{.input = 1, .feedback = 0, .output = 1};
  for (int input = 1; input <= 8; ++input) {  // 25 / 8 MHz is the least for the phase detector
    const int feedback = std::min(128, static_cast<int>(std::floor(mhz * input / 25 + 1e-9)));
    const Ecp5Pll pll{
        .input = input, .feedback = feedback, .output = static_cast<int>(800 * input / (25 * std::max(feedback, 1)))};
    if (pll.mhz() > best.mhz() && pll.output <= 128 && pll.mhz() * pll.output >= 400) best = pll;
  }
  return best;
}

std::int64_t cycles_of_bit(double clock_mhz, std::int64_t baud) {
  const double exact = clock_mhz * 1e6 / static_cast<double>(baud);
  const double cycles = std::round(exact);
  require(cycles >= 4 && std::abs(cycles / exact - 1) <= 0.02,
          "baud rate: {} baud are {:.2f} cycles a bit at {:.2f} MHz; it must be at least 4, and 2% from a whole number",
          baud, exact, clock_mhz);
  return static_cast<std::int64_t>(cycles);
}

}  // namespace ingot::hw

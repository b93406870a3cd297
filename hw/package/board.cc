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

namespace {

double exact_cycles(double clock_mhz, std::int64_t baud) { return clock_mhz * 1e6 / static_cast<double>(baud); }

bool is_near(double exact) { return std::round(exact) >= 4 && std::abs(std::round(exact) / exact - 1) <= 0.02; }

}  // namespace

std::int64_t baud_for(double clock_mhz) { return is_near(exact_cycles(clock_mhz, 1'000'000)) ? 1'000'000 : 115'200; }

std::int64_t cycles_of_bit(double clock_mhz, std::int64_t baud) {
  const double exact = exact_cycles(clock_mhz, baud);
  require(is_near(exact),
          "baud rate: {} baud are {:.2f} cycles a bit at {:.2f} MHz; it must be at least 4, and 2% from a whole number",
          baud, exact, clock_mhz);
  return static_cast<std::int64_t>(std::round(exact));
}

}  // namespace ingot::hw

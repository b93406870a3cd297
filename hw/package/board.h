// The board ULX3S (ECP5-85F): a whole model behind the UART of its USB port.
#pragma once

#include <cstdint>
#include <string>

namespace ingot::hw {

struct Ulx3s {
  double clock_mhz = 60;          // of the module; reached as closely from below as the PLL can
  std::int64_t baud = 1'000'000;  // of the UART
  std::int64_t most_tokens = 0;   // of a text
};

// Dividers of the PLL EHXPLLL, fed with 25 MHz: 25 * feedback / input MHz come out, the oscillator runs at `output`
// times that.
struct Ecp5Pll {
  int input, feedback, output;

  double mhz() const { return 25.0 * feedback / input; }
};

// The dividers that come closest to `mhz` from below, with phase detector and oscillator in their ranges. Throws Error
// unless 10 <= mhz <= 400.
Ecp5Pll ecp5_pll(double mhz);

// 1,000,000 if a clock of a PLL divides well into that, else 115,200, which all of at least 10 MHz do.
std::int64_t baud_for(double clock_mhz);

// Clock cycles a bit. Throws Error if the rate is more than 2 % off, or a bit has fewer than 4 cycles.
std::int64_t cycles_of_bit(double clock_mhz, std::int64_t baud);

}  // namespace ingot::hw

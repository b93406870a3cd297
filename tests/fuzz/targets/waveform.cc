// Traces that `simulate` left, in VCD.
#include "hw/simulation/waveform.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"#",         "b",  "$end\n", "$var wire 1 ! clk $end\n", "0!", "1\"",
                                        "$dumpvars", "\n", "x"};

void read(std::string_view bytes) {
  hw::Manifest manifest;
  manifest.input = {.name = "data_in_0", .format = {.width = 4}, .size = 2, .lanes = 1};
  manifest.output = {.name = "data_out_0", .format = {.width = 4}, .size = 1, .lanes = 1};
  manifest.interval = 2;
  const std::vector<hw::Signal> signals = hw::signals_in(manifest, std::string(bytes));
  hw::busy_cycles(manifest, signals);
}

}  // namespace

Target waveform() {
  return {.name = "waveform",
          .read = read,
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz

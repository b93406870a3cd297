// Shows the ports of a design cycle by cycle: as a VCD file for viewers, and as an SVG figure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hw/emit/manifest.h"
#include "hw/simulation/testbench/testbench.h"

namespace ingot::hw {

// The values of a port, sampled at the rising edge of each cycle.
struct Signal {
  std::string name;
  int bits = 1;
  int width = 1;  // bits of a code in a beat; 1 for a control signal
  bool is_signed = false;
  std::vector<std::vector<testbench::Byte>> values;  // [cycles], little endian
};

// The signals in the trace of a design with one channel (testbench::Outcome::trace): rst, then data, valid and ready of
// the input and of the output.
std::vector<Signal> signals_of(const Manifest& manifest, std::span<const testbench::Byte> trace);

// Value Change Dump (IEEE 1364-2001, 18). A cycle takes `nanoseconds`; its rising edge is in the middle.
std::string to_vcd(std::span<const Signal> signals, int nanoseconds);

// An SVG figure of `n` cycles from `first` on. It shows the clock, control signals as levels, and beats as the codes of
// their lanes, lane 0 first.
std::string to_svg(std::span<const Signal> signals, std::size_t first, std::size_t n, int nanoseconds);

}  // namespace ingot::hw

// What went through the ports of a design, cycle by cycle: as a VCD file for viewers, and as a figure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hw/emit/manifest.h"
#include "hw/simulation/testbench/testbench.h"

namespace ingot::hw {

// A port in every cycle, as it is at the rising edge.
struct Signal {
  std::string name;
  int bits = 1;
  int width = 1;  // of a code of a beat; 1: a control signal
  bool is_signed = false;
  std::vector<std::vector<testbench::Byte>> values;  // [cycles], little endian
};

// The trace of a design with one channel (testbench::Outcome::trace): rst, then data, valid and ready of both ports.
std::vector<Signal> signals_of(const Manifest& manifest, std::span<const testbench::Byte> trace);

// Value Change Dump (IEEE 1364-2001, 18): a cycle takes `nanoseconds`, rising edges in the middle.
std::string to_vcd(std::span<const Signal> signals, int nanoseconds);

// SVG of `n` cycles from `first` on: clock, control signals as levels, beats as the codes of their lanes, 0 first.
std::string to_svg(std::span<const Signal> signals, std::size_t first, std::size_t n, int nanoseconds);

}  // namespace ingot::hw

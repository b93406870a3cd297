// The ports of a design cycle by cycle: as a VCD file for viewers, and what they say of the multipliers.
#pragma once

#include <cstddef>
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
inline constexpr std::size_t kReset = 0, kInputValid = 2, kInputReady = 3, kOutputValid = 5, kOutputReady = 6;

// Value Change Dump (IEEE 1364-2001, 18). A cycle takes `nanoseconds`; its rising edge is in the middle.
std::string to_vcd(std::span<const Signal> signals, int nanoseconds);

// The signals of a file that to_vcd wrote of this design, up to kMostTracedCycles of its cycles. Throws Error with the
// line that to_vcd would not have written.
inline constexpr std::size_t kMostTracedCycles = 100'000;
std::vector<Signal> signals_in(const Manifest& manifest, const std::string& vcd);

// By cycle: whether the multipliers of the slowest layer work, as far as the handshakes of the ports tell. A vector
// that has gone in keeps them for Manifest::interval cycles, and they stand still while a beat waits to be taken. For a
// single Linear this is cycle by cycle what rtl/linear.sv does; with several it is late by what lies before the
// slowest.
std::vector<bool> busy_cycles(const Manifest& manifest, std::span<const Signal> signals);

}  // namespace ingot::hw

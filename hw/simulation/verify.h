// An emitted folder against its graph: whatever the hardware gives must be what GraphRunner computes, bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/emit/manifest.h"
#include "hw/passes/cost.h"
#include "hw/simulation/simulation.h"

namespace ingot::hw {

inline constexpr int kClockNanoseconds = 20;  // of simulated time; simulators only count edges

struct VerifyOptions {
  Simulator simulator = Simulator::verilator;
  std::int64_t n_vectors = 100'000;  // random codes; of the folder's own vectors: at most so many
  bool own_vectors = false;
  std::uint64_t seed = 1;
  testbench::Stalls stalls = testbench::Stalls::random;
  int n_resets = 2;
  std::int64_t trace_cycles = 0;
  bool coverage = false;
  std::optional<Target> netlist{};  // simulate what synthesis makes of the RTL for it, as synth does
  bool dsp = true;                  // of that synthesis
};

// What was simulated in the place of the RTL.
struct SimulatedNetlist {
  engine::Json cells;                   // by kind
  std::vector<std::string> own_models;  // kinds that models of ours simulate, not those of Yosys
};

// A beat that differs, as codes.
struct WrongBeat {
  std::int64_t vector, beat;  // beat of the vector
  std::vector<std::int64_t> got, expected;
};

struct Verification {
  std::int64_t n_vectors = 0, n_beats = 0;  // that came out, of the vectors asked for
  std::int64_t n_different = 0, n_extra = 0, n_not_held = 0;
  bool stuck = false;
  std::vector<WrongBeat> wrong_beats;  // the first few
  std::int64_t cycles = 0;
  double build_seconds = 0, seconds = 0;  // `seconds` of simulation alone, stimulus and comparison included
  // Measured on a short run without stalls; 0 from icarus.
  std::int64_t latency = 0;  // cycles from the last beat of a vector to the first of its answer
  double interval = 0;       // cycles from vector to vector
  double utilisation = 0;    // of the multipliers: the interval that the manifest promises, by the measured one
  std::vector<testbench::Byte> trace;
  std::optional<Coverage> coverage;
  std::optional<SimulatedNetlist> netlist;

  bool ok() const { return !stuck && n_different + n_extra + n_not_held == 0; }
};

// `progress` is called with vectors done and asked for, with 0 when the simulation is built. Stops at the first chunk
// of vectors that is not right. Throws Error where Simulation does, or if there are no own vectors; Interrupted when
// the user stops it.
Verification verify(const EmittedRtl& rtl, const VerifyOptions& options,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace ingot::hw

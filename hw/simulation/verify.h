// Verifies an emitted folder against its graph: the simulated hardware must give what GraphRunner computes, bit for
// bit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/emit/manifest.h"
#include "hw/modules/cost.h"
#include "hw/simulation/simulation.h"

namespace ingot::hw {

inline constexpr int kClockNanoseconds = 20;  // of simulated time; simulators only count edges

struct VerifyOptions {
  Simulator simulator = Simulator::verilator;
  std::int64_t n_vectors = 100'000;  // with own_vectors: at most so many
  bool own_vectors = false;          // send the real vectors of the folder instead of random ones
  std::uint64_t seed = 1;
  testbench::Stalls stalls = testbench::Stalls::random;
  int n_resets = 2;
  std::int64_t trace_cycles = 0;
  bool coverage = false;
  std::optional<Target> netlist{};  // simulate the netlist that synthesis for this target makes, instead of the RTL
  bool dsp = true;                  // that synthesis may use multipliers of the chip
};

// The netlist that was simulated instead of the RTL.
struct SimulatedNetlist {
  double seconds = 0;                   // that synthesis took
  engine::Json cells;                   // by kind
  std::vector<std::string> own_models;  // kinds that are simulated by models of ours, not by those of Yosys
};

// A beat that differs from the expected one, as codes.
struct WrongBeat {
  std::int64_t vector, beat;  // which vector, and which beat of it
  std::vector<std::int64_t> got, expected;
};

struct Verification {
  std::int64_t n_vectors = 0, n_beats = 0;                    // that came out
  std::int64_t n_different = 0, n_extra = 0, n_not_held = 0;  // beats; testbench::ChannelOutcome defines them
  bool stuck = false;
  std::vector<WrongBeat> wrong_beats;  // the first few
  std::int64_t cycles = 0;
  double build_seconds = 0, seconds = 0;  // `seconds`: the simulation alone, with stimulus and comparison
  // These three are measured on a short run without stalls. They are 0 from icarus.
  std::int64_t latency = 0;  // cycles from the last beat of a vector to the first beat of its output
  double interval = 0;       // cycles from one vector to the next
  double utilisation = 0;    // share of the cycles in which the multipliers work: promised interval / measured one
  std::vector<testbench::Byte> trace;
  std::optional<Coverage> coverage;
  std::optional<SimulatedNetlist> netlist;

  bool ok() const { return !stuck && n_different + n_extra + n_not_held == 0; }
};

// What is simulated: the RTL of the folder, or, if the options say so, the netlist that is made of it in `folder`,
// which must outlive the design. Throws Error for options that do not go together, and where make_netlist() does.
struct SimulatedDesign {
  Design design;
  std::optional<SimulatedNetlist> netlist{};
};
SimulatedDesign simulated_design(const EmittedRtl& rtl, const VerifyOptions& options,
                                 const std::filesystem::path& folder);

// Simulates the vectors in chunks, and stops at the first chunk that is wrong. `progress` is called with the number of
// vectors that are done and that were asked for: first when the simulation is built, then after each chunk. Throws
// Error and Failure where Simulation does, Error if the folder has no vectors of its own but they were asked for, and
// Interrupted when the user stops it.
Verification verify(const EmittedRtl& rtl, const VerifyOptions& options,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace ingot::hw

// Hardware at work in a simulator: a design is built once, then run with any vectors, and its answers are compared
// with the expected ones bit for bit (testbench/testbench.h says how).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/temporary_folder.h"
#include "hw/design.h"
#include "hw/simulation/testbench/testbench.h"

namespace ingot::hw {

// verilator is compiled and fast. icarus interprets, from a testbench in plain Verilog. cxxrtl is C++ that Yosys writes
// from what it understood, before synthesis.
enum class Simulator { verilator, icarus, cxxrtl };
inline constexpr std::string_view kSimulators[] = {"verilator", "icarus", "cxxrtl"};

// Lines of Verilog that a run reached, of those that can be counted.
struct Coverage {
  std::int64_t lines = 0, reached = 0;
  std::vector<std::string> missed;  // "file:line"; "file:line else" of a branch that has no lines
};

struct SimulationOutcome : testbench::Outcome {
  std::optional<Coverage> coverage;
};

class Simulation {
 public:
  struct Options {
    bool coverage = false;  // verilator only
  };

  // Builds, from copies of the design's files in a folder of its own. Throws Error if a program is missing (naming its
  // Debian package), a name of the design is not plain or a file cannot be read, Failure if a program breaks off or
  // refuses the design (with its words).
  Simulation(const Design& design, Simulator simulator, const Options& options);
  Simulation(const Design& design, Simulator simulator) : Simulation(design, simulator, Options{}) {}

  // beats[i] belongs to channel i. Of icarus no trace comes back. Throws Failure if the simulator breaks off, as it
  // does at an assertion in the design or a ROM image that is not there, with its words.
  SimulationOutcome run(std::span<const testbench::ChannelBeats> beats, const testbench::Run& run) const;

  double build_seconds() const { return build_seconds_; }  // without what is built once for all designs

 private:
  Design design_;  // in folder_
  Simulator simulator_;
  engine::TemporaryFolder folder_;
  double build_seconds_ = 0;
};

// Codes [vectors, beats x lanes] as the beats of a stream: element i of a beat in bits [i width +: width].
std::vector<testbench::Byte> pack_beats(std::span<const std::int32_t> codes, std::int64_t lanes, int width);

// One beat back as codes.
std::vector<std::int64_t> unpack_beat(std::span<const testbench::Byte> beat, int width, bool is_signed);

}  // namespace ingot::hw

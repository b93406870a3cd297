// Simulates a design. It is built once and can then be run with any vectors. Its outputs are compared with the expected
// ones bit for bit; testbench/testbench.h says how.
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

// verilator compiles the design to C++ and is fast. icarus interprets it, with a testbench in plain Verilog. cxxrtl is
// a part of Yosys: it writes C++ for the design as Yosys understood it, before synthesis.
enum class Simulator { verilator, icarus, cxxrtl };
inline constexpr std::string_view kSimulators[] = {"verilator", "icarus", "cxxrtl"};

// The lines of Verilog that a run reached, among those that can be counted.
struct Coverage {
  std::int64_t lines = 0, reached = 0;
  std::vector<std::string> missed;  // "file:line"; "file:line else" for an `else` that has no lines of its own
};

struct SimulationOutcome : testbench::Outcome {
  std::optional<Coverage> coverage;
};

class Simulation {
 public:
  struct Options {
    bool coverage = false;  // verilator only
  };

  // Builds the design from copies of its files, in a temporary folder. Throws Error if a program is missing (naming its
  // Debian package), if a name of the design is not valid, or if a file cannot be read. Throws Failure with a program's
  // output if it breaks off or refuses the design.
  Simulation(const Design& design, Simulator simulator, const Options& options);
  Simulation(const Design& design, Simulator simulator) : Simulation(design, simulator, Options{}) {}

  // beats[i] belongs to channel i, or, after the channels, to a probe, into which nothing goes. icarus returns no
  // trace. Throws Failure with the simulator's output if it breaks off, as it does when an assertion of the design
  // fails or a ROM image is missing.
  SimulationOutcome run(std::span<const testbench::ChannelBeats> beats, const testbench::Run& run) const;

  double build_seconds() const { return build_seconds_; }  // without the runtime, which all designs share

 private:
  Design design_;  // in folder_
  Simulator simulator_;
  engine::TemporaryFolder folder_;
  double build_seconds_ = 0;
};

// Packs codes [vectors, beats x lanes] into the beats of a stream. Element i of a beat is in bits [i width +: width].
std::vector<testbench::Byte> pack_beats(std::span<const std::int32_t> codes, std::int64_t lanes, int width);

// Unpacks one beat into its codes. The padding of the last byte can give further ones at the end.
std::vector<std::int64_t> unpack_beat(std::span<const testbench::Byte> beat, int width, bool is_signed);

}  // namespace ingot::hw

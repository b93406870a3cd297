// The interface to the simulators, each of which has one file. A design is built and run in a folder that holds its
// files.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/simulation/simulation.h"
#include "hw/tools.h"

namespace ingot::hw {

// The part of a simulation that does not depend on the design: the testbench, the simulator's own runtime and a
// precompiled header. It is compiled once and kept in the cache folder.
struct Runtime {
  std::filesystem::path folder;      // holds `objects` and the precompiled header
  std::vector<std::string> flags;    // for the compiler
  std::vector<std::string> objects;  // files to link, testbench.o among them
};

struct SimulatorTools {
  Runtime (*prepare)(const Simulation::Options& options);
  void (*build)(const Design& design, const std::filesystem::path& folder, const Simulation::Options& options,
                const Runtime& runtime);
  SimulationOutcome (*run)(const Design& design, const std::filesystem::path& folder,
                           std::span<const testbench::ChannelBeats> beats, const testbench::Run& run);
};

extern const SimulatorTools kVerilator, kIcarus, kCxxrtl;

inline const Tool kCompiler{"g++", "g++"}, kYosys{"yosys", "yosys"};

// The text that a tool prints for its version option.
std::string version_of(const Tool& tool, const std::string& option, const std::vector<std::string>& environment = {});

struct RuntimeParts {
  std::string name;                  // begins the name of the folder in the cache
  std::string version;               // of the simulator
  std::vector<std::string> flags;    // for the compiler
  std::string header;                // text to precompile, before the testbench's own header
  std::vector<std::string> sources;  // paths of files to compile
};

// Returns the runtime of these parts, and compiles it if the cache does not hold it.
Runtime make_runtime(const RuntimeParts& parts);

// Compiles and links FOLDER/glue.cc to the program FOLDER/simulation. The glue defines the Device and calls
// testbench::main.
void compile_simulation(const Runtime& runtime, const std::filesystem::path& folder);

// The bytes of a beat, little endian, from hexadecimal digits, highest first.
std::vector<testbench::Byte> bytes_from_hex(const std::string& digits);

// Runs FOLDER/simulation and reads its results. Throws Failure with its output if it breaks off.
SimulationOutcome run_simulation(const Design& design, const std::filesystem::path& folder,
                                 std::span<const testbench::ChannelBeats> beats, const testbench::Run& run);

// The C++ text that fills Device::channels, probes after channels. `port` maps the name of a port to the C++ expression
// of its memory.
template <class Port>
std::string channels_text(const Design& design, const Port& port) {
  std::string text;
  const auto stream = [&](const StreamPort& s) {
    return "{" + std::to_string(s.bits) + "," + std::to_string(s.beats) + "," + port(s.name) + "," +
           port(s.name + "_valid") + "," + port(s.name + "_ready") + "}";
  };
  for (const DesignChannel& channel : design.channels) {
    text += "    channels.push_back({\"" + channel.input.name + "\"," + stream(channel.input) + "," +
            stream(channel.output) + "});\n";
  }
  for (const ProbePort& probe : design.probes) {
    text += "    add_probe(\"" + probe.name + "\"," + std::to_string(probe.bits) + "," + port(probe.name) + "," +
            port(probe.name + "_valid") + ");\n";
  }
  return text;
}

}  // namespace ingot::hw

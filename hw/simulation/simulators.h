// How each simulator is driven: one file each. A design is built in a folder in which its files are, and run there.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/simulation/simulation.h"
#include "hw/tools.h"

namespace ingot::hw {

// What is compiled once for all designs and kept in the cache folder: the testbench, the simulator's own runtime, a
// precompiled header.
struct Runtime {
  std::filesystem::path folder;      // holds testbench.o, `objects` and HEADER.gch
  std::vector<std::string> flags;    // of the compiler
  std::vector<std::string> objects;  // to link
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

// What a tool says of its version.
std::string version_of(const Tool& tool, const std::string& option, const std::vector<std::string>& environment = {});

struct RuntimeParts {
  std::string name;     // of the folder in the cache
  std::string version;  // of the simulator
  std::vector<std::string> flags;
  std::string header;                // text of what is precompiled, before the testbench's own
  std::vector<std::string> sources;  // to compile, paths
};
Runtime make_runtime(const RuntimeParts& parts);

// Compiles and links FOLDER/glue.cc to FOLDER/simulation. The glue defines the Device and calls testbench::main.
void compile_simulation(const Runtime& runtime, const std::filesystem::path& folder);

// Bytes of a beat from hexadecimal digits, the highest first.
std::vector<testbench::Byte> bytes_from_hex(const std::string& digits);

// Runs FOLDER/simulation.
SimulationOutcome run_simulation(const Design& design, const std::filesystem::path& folder,
                                 std::span<const testbench::ChannelBeats> beats, const testbench::Run& run);

// C++ that makes the device's channels: `port` gives the expression of a port's memory.
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
  return text;
}

}  // namespace ingot::hw

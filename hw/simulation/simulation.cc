#include "hw/simulation/simulation.h"

#include <chrono>

#include "engine/base/error.h"
#include "hw/names.h"
#include "hw/simulation/simulators.h"

namespace ingot::hw {
namespace {

const SimulatorTools& tools(Simulator simulator) {
  switch (simulator) {
    case Simulator::verilator:
      return kVerilator;
    case Simulator::icarus:
      return kIcarus;
    case Simulator::cxxrtl:
      return kCxxrtl;
  }
  return kVerilator;
}

// They become code.
void check_names(const Design& design) {
  const auto check = [](const std::string& name) {
    engine::require(is_identifier(name), "design: a module or port must be named by letters, digits and _, got '{}'",
                    name);
  };
  check(design.top);
  for (const DesignChannel& channel : design.channels) {
    check(channel.input.name);
    check(channel.output.name);
  }
  for (const ProbePort& probe : design.probes) check(probe.name);
}

}  // namespace

Simulation::Simulation(const Design& design, Simulator simulator, const Options& options)
    : design_(design), simulator_(simulator) {
  engine::require(!options.coverage || simulator == Simulator::verilator,
                  "coverage: only verilator counts lines, got {}", kSimulators[static_cast<std::size_t>(simulator)]);
  engine::require(design.libraries.empty() || simulator == Simulator::verilator,
                  "netlist: only verilator simulates one, got {}", kSimulators[static_cast<std::size_t>(simulator)]);
  engine::require(design.probes.empty() || simulator != Simulator::icarus,
                  "probes: verilator and cxxrtl compare them, not icarus");
  check_names(design);
  design_.folder = folder_.path();
  design_.sources = copy_files(design.sources, design.folder, folder_.path());
  design_.images = copy_files(design.images, design.folder, folder_.path());
  design_.libraries = copy_files(design.libraries, design.folder, folder_.path());
  const Runtime runtime = tools(simulator).prepare(options);
  const auto start = std::chrono::steady_clock::now();
  tools(simulator).build(design_, folder_.path(), options, runtime);
  build_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

SimulationOutcome Simulation::run(std::span<const testbench::ChannelBeats> beats, const testbench::Run& run) const {
  return tools(simulator_).run(design_, folder_.path(), beats, run);
}

}  // namespace ingot::hw

// ingot simulate: emitted RTL in a simulator, against the graph that it was made from.
#include "pipeline/simulate.h"

#include "cli/command.h"
#include "cli/commands.h"

namespace ingot::cli {

void add_simulate(Command& program) {
  Command& command =
      program.add_subcommand("simulate", "emitted RTL in a simulator, compared with the integers it was made from");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::SimulateOptions>();
  command.add_option("folder", o->folder, "what `ingot emit` wrote").required().type_name("RTL_DIR");
  command
      .add_option(
          "--vectors", o->vectors,
          "number of random vectors, of a whole model texts (20 unless given); with --activations, the most of the "
          "folder")
      .positive();
  command.add_flag("--activations", o->activations,
                   "use the vectors or texts that emit --activations stored in the folder, instead of random ones");
  command.add_option("--stalls", o->stalls, "how sender and receiver pause: none, random or bursts")
      .type_name("none|random|bursts");
  command.add_option("--resets", o->resets, "number of runs that a reset interrupts, before the run that counts")
      .not_negative();
  command.add_option("--simulator", o->simulator, "simulator: verilator, icarus or cxxrtl (Yosys)")
      .type_name("verilator|icarus|cxxrtl");
  command.add_option("--netlist", o->netlist, "simulate the netlist that Yosys makes for a target of synth")
      .type_name("xilinx|artix-100t|ecp5|ecp5-85|ice40|up5k");
  command.add_flag("--no-dsp", o->no_dsp, "with --netlist: multiply in logic, without DSP blocks");
  command
      .add_option("--trace", o->trace,
                  "number of cycles to record in trace.vcd; the first of them are drawn in waveform.svg")
      .not_negative();
  command.add_flag("--coverage", o->coverage, "count which lines of Verilog were reached (verilator)");
  command.add_option("--out", o->out, "folder for result.json and traces; default: RTL_DIR/simulation")
      .type_name("DIR");
  set_action(command, "ingot simulate rtl-out --vectors 100000 --stalls random --trace 100", common,
             [&command, o, common] {
               if (o->out.empty()) o->out = (std::filesystem::path(o->folder) / "simulation").string();
               pipeline::simulate_rtl(*o, run_of(command, *common), finisher(command, *common, o->out));
             });
}

}  // namespace ingot::cli

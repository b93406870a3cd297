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
  command.add_option("--vectors", o->vectors, "how many random vectors; of real ones, at most so many").positive();
  command.add_flag("--activations", o->activations,
                   "the folder's own vectors, from a model at work, instead of random ones");
  command.add_option("--stalls", o->stalls, "how both ends wait: none, random or bursts");
  command.add_option("--resets", o->resets, "runs that a reset breaks off first").not_negative();
  command.add_option("--simulator", o->simulator, "verilator, icarus or cxxrtl (Yosys)");
  command.add_option("--netlist", o->netlist,
                     "simulate what Yosys makes of it for xilinx, ecp5 or ice40, as synth does");
  command.add_flag("--no-dsp", o->no_dsp, "of a netlist: multiply in logic");
  command.add_option("--trace", o->trace, "cycles to record: trace.vcd, and the first of them as waveform.svg")
      .not_negative();
  command.add_flag("--coverage", o->coverage, "count which lines of Verilog were reached (verilator)");
  command.add_option("--out", o->out, "for result.json and traces; default: RTL_DIR/simulation").type_name("DIR");
  set_action(command, "ingot simulate rtl-out --vectors 100000 --stalls random --trace 100", common,
             [&command, o, common] {
               if (o->out.empty()) o->out = (std::filesystem::path(o->folder) / "simulation").string();
               pipeline::simulate_rtl(*o, run_of(command, *common), finisher(command, *common, o->out));
             });
}

}  // namespace ingot::cli

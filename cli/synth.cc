// ingot synth: what emitted RTL takes of a chip.
#include "pipeline/synth.h"

#include "cli/command.h"
#include "cli/commands.h"

namespace ingot::cli {

void add_synth(Command& program) {
  Command& command = program.add_subcommand("synth", "resources that emitted RTL takes on a chip, through Yosys");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::SynthOptions>();
  command.add_option("folder", o->folder, "what `ingot emit` wrote").type_name("RTL_DIR");
  command.add_option("--target", o->target, "chip family: ice40, ecp5 or xilinx (7 series)")
      .type_name("ice40|ecp5|xilinx");
  command.add_flag("--report", o->report, "ice40: place and route on an HX8K with nextpnr, for its highest clock");
  command.add_flag("--no-dsp", o->no_dsp, "multiply in logic, without DSP blocks");
  command
      .add_option("--sweep", o->sweep,
                  "number of layers of random shapes to synthesise instead, to fit the cost model; an interrupted "
                  "sweep goes on")
      .not_negative();
  command.add_option("--out", o->out, "folder for the table of a sweep").type_name("DIR");
  set_action(command, "ingot synth rtl-out --target ice40 --report", common, [&command, o, common] {
    const auto out = o->sweep > 0 ? o->out : "";
    pipeline::synthesize_rtl(*o, run_of(command, *common), finisher(command, *common, out));
  });
}

}  // namespace ingot::cli

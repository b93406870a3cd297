// ingot synth: what emitted RTL takes of a chip.
#include "pipeline/synth.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "engine/base/error.h"

namespace ingot::cli {

void add_synth(Command& program) {
  Command& command = program.add_subcommand("synth", "resources that emitted RTL takes on a chip, through Yosys");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::SynthOptions>();
  command.add_option("folder", o->folder, "what `ingot emit` wrote").type_name("RTL_DIR");
  command
      .add_option("--target", o->target,
                  "chip or family: ice40 (HX8K), up5k, ecp5, ecp5-85 (LFE5U-85F), xilinx (7 series) or artix-100t")
      .type_name("ice40|up5k|ecp5|ecp5-85|xilinx|artix-100t");
  command.add_flag(
      "--place", o->place,
      "place and route with nextpnr, for its highest clock and its slowest path: ice40, up5k, ecp5, ecp5-85");
  command.add_flag("--report", o->place, "the same");
  command
      .add_option("--clock", o->clock,
                  "MHz that placing works towards; default: of a whole model what it was emitted for, else 100")
      .range(1.0, 1000.0);
  command.add_flag("--no-dsp", o->no_dsp, "multiply in logic, without DSP blocks");
  command
      .add_option("--sweep", o->sweep,
                  "number of layers of random shapes to synthesise instead, to fit the cost model; an interrupted "
                  "sweep goes on")
      .not_negative();
  command.add_option("--out", o->out, "folder for the table of a sweep").type_name("DIR");
  set_action(command, "ingot synth rtl-out --target ice40 --place", common, [&command, o, common] {
    const auto out = o->sweep > 0 ? o->out : "";
    engine::require(o->place || !command.given("--clock"), "--clock: is what placing works towards; it needs --place");
    pipeline::synthesize_rtl(*o, run_of(command, *common), finisher(command, *common, out));
  });
}

}  // namespace ingot::cli

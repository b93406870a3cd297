// ingot emit: a block of a quantised model, or a small model from a file, as SystemVerilog.
#include "pipeline/emit.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/data_options.h"

namespace ingot::cli {

void add_emit(Command& program) {
  Command& command = program.add_subcommand("emit", "a block of a quantised model, or a small model, as SystemVerilog");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::EmitOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint, or a .toml file that describes layers")
      .required()
      .type_name("DIR|FILE");
  command.group("Hardware");
  command.add_option("--block", o->block,
                     "block of a trained model: ffn.0, ffn.1, ..., pooler, classifier or head; model: all of it; "
                     "encoder: its layers, from rows to rows; encoder.0, ...: one of them");
  command
      .add_option("--parallelism", o->parallelism,
                  "numbers that each layer reads and writes a cycle: 4, 4x2 (in x out), 4,fc2=8x2; adders, fc2=adders: "
                  "all, without multipliers; of a model PI x PO; default: 1, of a model 8")
      .type_name("P");
  command
      .add_option("--cycles", o->cycles,
                  "most cycles a vector may take: chooses the parallelism with the fewest multipliers; 0: off")
      .not_negative();
  command
      .add_option("--multipliers", o->multipliers,
                  "most multipliers: chooses the fastest parallelism that they allow; 0: off")
      .not_negative();
  command
      .add_option("--target", o->target,
                  "chip to fit: chooses the fastest parallelism that it holds, by the cost model; with --parallelism, "
                  "--cycles or --multipliers, also a family: xilinx, ecp5. Two products share a multiplier where the "
                  "chip's are wide enough, if they are too few otherwise or the parallelism is given")
      .type_name("ecp5-85|artix-100t|ice40|up5k");
  command.add_option("--lanes", o->lanes, "of a model: results finished a cycle").positive();
  command.add_option("--length", o->length, "of a model: most tokens of a text; 0: as many as it was trained with")
      .not_negative();
  command
      .add_option("--clock", o->clock,
                  "of a model: MHz that it is meant for, of its board and of `synth --place` where that is given none")
      .range(static_cast<int>(hw::kLeastClock), static_cast<int>(hw::kMostClock));
  command
      .add_option(
          "--weight-memory", o->weight_memory,
          "of a model: where its large ROMs are, weights and word embeddings; rom: in it; stream: outside, read "
          "through ports")
      .type_name("rom|stream");
  command.group("Data");
  command
      .add_option("--activations", o->activations,
                  "number of texts of --data whose inputs and outputs of the block are stored for simulate")
      .not_negative();
  add_data_options(command, *o, {.help = "texts for --activations, as for train", .is_required = false});
  command.group("Output");
  command
      .add_option("--name", o->name,
                  "name of the module, its file and its images; blocks of one design need different names")
      .type_name("NAME");
  command.add_option("--out", o->out, "folder of the RTL; an earlier one is replaced").type_name("DIR").required();
  set_action(
      command, "ingot emit runs/q8 --block ffn.0 --parallelism 4 --data glosses --activations 10 --out rtl-out", common,
      [&command, o, common] { pipeline::emit_rtl(*o, run_of(command, *common), finisher(command, *common, o->out)); });
}

}  // namespace ingot::cli

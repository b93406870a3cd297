// ingot export: a model as a Hugging Face folder, as packed codes, as ONNX, or as C.
#include "pipeline/export.h"

#include "cli/command.h"
#include "cli/commands.h"

namespace ingot::cli {

void add_export(Command& program) {
  Command& command =
      program.add_subcommand("export", "write a model as a Hugging Face folder, packed codes, ONNX, or C");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::ExportOptions>();
  command.add_option("model", o->from, "folder of a run, a checkpoint or packed codes").required().type_name("DIR");
  command.add_option("target", o->to, "folder to write").required().type_name("OUT");
  command.add_flag("--packed", o->packed,
                   "write packed codes, which eval and predict read: the true size of a compressed model");
  command.add_flag("--onnx", o->onnx,
                   "write model.onnx, which ONNX Runtime reads: fixed point of at most 8 bits as int8 and uint8");
  command.add_flag("--c", o->c,
                   "write model.h, model.c and an example: a model of `quantize --integer-only` in C99 for "
                   "microcontrollers, bit for bit");
  command.add_flag("--float", o->floats,
                   "write the float weights of a compressed model, from which training can go on, instead of the "
                   "pruned and quantised ones");
  set_action(command, "ingot export runs/imdb imdb-bert", common, [&command, o, common] {
    o->version = INGOT_VERSION;
    pipeline::export_model(*o, run_of(command, *common), finisher(command, *common, {}));
  });
}

}  // namespace ingot::cli

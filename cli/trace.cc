// ingot trace: activations and gradients of one batch, to compare with other implementations.
#include "pipeline/trace.h"

#include "cli/command.h"
#include "cli/commands.h"

namespace ingot::cli {

void add_trace(Command& program) {
  Command& command = program.add_subcommand("trace", "activations and gradients of one batch, as safetensors");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::TraceOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint").required().type_name("DIR");
  command.add_option("--batch", o->batch, "safetensors file to read: input_ids, attention_mask, token_type_ids, labels")
      .required()
      .type_name("FILE");
  command.add_option("--out", o->out, "safetensors file to write: logits, hidden_states.i, loss, grad.NAME")
      .required()
      .type_name("FILE");
  command.add_flag("--gradients", o->gradients, "write the gradient of the loss with respect to each parameter too");
  set_action(
      command, "ingot trace runs/imdb --batch batch.safetensors --out trace.safetensors --gradients", common,
      [&command, o, common] { pipeline::trace_batch(*o, run_of(command, *common), finisher(command, *common, {})); });
}

}  // namespace ingot::cli

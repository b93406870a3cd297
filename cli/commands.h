// One line a command: its function adds it, with options and action, to the program.
#pragma once

namespace ingot::cli {

class Command;

void add_demo(Command& program);
void add_tokenizer(Command& program);
void add_pretrain(Command& program);
void add_train(Command& program);
void add_baseline(Command& program);
void add_quantize(Command& program);
void add_eval(Command& program);
void add_predict(Command& program);
void add_embed(Command& program);
void add_import(Command& program);
void add_export(Command& program);
void add_trace(Command& program);
void add_format(Command& program);
void add_lab(Command& program);
void add_prune(Command& program);
void add_search(Command& program);
void add_emit(Command& program);
void add_simulate(Command& program);
void add_synth(Command& program);
void add_report(Command& program);
void add_plot(Command& program);
void add_cache(Command& program);

inline constexpr void (*kCommands[])(Command&) = {
    add_demo,  add_tokenizer, add_pretrain, add_train,  add_baseline, add_quantize, add_eval,  add_predict,
    add_embed, add_import,    add_export,   add_trace,  add_format,   add_lab,      add_prune, add_search,
    add_emit,  add_simulate,  add_synth,    add_report, add_plot,     add_cache,
};

}  // namespace ingot::cli

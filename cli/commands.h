// One line a command: its function adds it, with options and action, to the program.
#pragma once

#include <CLI/CLI.hpp>

namespace ingot::cli {

void add_demo(CLI::App& program);
void add_tokenizer(CLI::App& program);
void add_pretrain(CLI::App& program);
void add_train(CLI::App& program);
void add_quantize(CLI::App& program);
void add_eval(CLI::App& program);
void add_predict(CLI::App& program);
void add_import(CLI::App& program);
void add_export(CLI::App& program);
void add_trace(CLI::App& program);
void add_format(CLI::App& program);
void add_lab(CLI::App& program);
void add_prune(CLI::App& program);
void add_search(CLI::App& program);
void add_emit(CLI::App& program);
void add_simulate(CLI::App& program);
void add_synth(CLI::App& program);
void add_cache(CLI::App& program);

inline constexpr void (*kCommands[])(CLI::App&) = {
    add_demo,  add_tokenizer, add_pretrain, add_train, add_quantize, add_eval, add_predict,  add_import, add_export,
    add_trace, add_format,    add_lab,      add_prune, add_search,   add_emit, add_simulate, add_synth,  add_cache,
};

}  // namespace ingot::cli

// Options that train, pretrain and all that trains on share.
#pragma once

#include "cli/command.h"
#include "cli/data_options.h"
#include "pipeline/training.h"

namespace ingot::cli {

// Adds the options to a command; defaults are the values in `options`.
// `n_held_out`: what --validation N sets; null: no texts are held out.
void add_training_options(Command& command, pipeline::TrainingOptions& options, std::int64_t* n_held_out = nullptr);

// Of these the ones that say how steps are made, for a command that starts from a trained model: all but --data, --out,
// --epochs, the model and its tokenizer.
void add_step_options(Command& command, pipeline::TrainingOptions& options);

// How long a run is and what a step of it holds: of commands that train one model, not of searches.
void add_run_options(Command& command, pipeline::TrainingOptions& options);

// --precision, of commands that train in floats.
void add_precision_option(Command& command, pipeline::TrainingOptions& options);

// Adds --teacher and what says how its outputs teach.
void add_teacher_options(Command& command, pipeline::TrainingOptions& options);

// Adds these, what else a teacher can teach, --best-by, --class-weights and --label-smoothing, of classifiers.
void add_fine_tuning_options(Command& command, pipeline::TrainingOptions& options);

}  // namespace ingot::cli

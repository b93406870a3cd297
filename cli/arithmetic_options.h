// How a model computes when it answers: shared by every command that asks one.
#pragma once

#include "cli/command.h"
#include "pipeline/classifier.h"

namespace ingot::cli {

// --integer, --integer-only and --precision.
void add_arithmetic_options(Command& command, pipeline::ArithmeticOptions& options);

}  // namespace ingot::cli

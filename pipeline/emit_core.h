// ingot emit --block model: a whole model as an encoder core.
#pragma once

#include "pipeline/emit.h"

namespace ingot::pipeline {

inline constexpr const char kWholeModel[] = "model";  // of --block

// Throws Error for a model that is not in integers, naming what makes it so, before anything is written.
void emit_core(const EmitOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

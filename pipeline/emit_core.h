// ingot emit --block model, encoder or encoder.N: a whole model, or its layers from rows to rows, as an encoder core.
#pragma once

#include "pipeline/emit.h"

namespace ingot::pipeline {

// Of --block: all of a model; its encoder, without embeddings and head; with ".N", one layer of that.
inline constexpr const char kWholeModel[] = "model", kEncoder[] = "encoder";

bool is_core(const std::string& block);

// Throws Error for a model that is not in integers, naming what makes it so, before anything is written.
void emit_core(const EmitOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

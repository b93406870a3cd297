// ingot export: a model as a Hugging Face folder, as packed codes, as ONNX, or as C.
#pragma once

#include <string>

#include "pipeline/run.h"

namespace ingot::pipeline {

struct ExportOptions {
  std::string from, to;
  bool packed = false, floats = false, onnx = false, c = false;
  std::string version;  // of this program, which an ONNX file names as its producer
};

// Throws Error if the target is not free, and for a model that the target cannot hold.
void export_model(const ExportOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline

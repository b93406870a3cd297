// A folder with a model as ONNX.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/model_folder.h"

namespace ingot::pipeline {

struct OnnxFolder {
  std::int64_t n_nodes = 0, n_bytes = 0;  // of model.onnx
  std::string output;                     // its first output
  std::vector<std::string> notes;         // what a user should know, in sentences; they are in README.md too
};

// Writes model.onnx, config.json and README.md. Throws Error for a model that ONNX cannot hold.
OnnxFolder write_onnx_folder(const std::filesystem::path& folder, const CompressedModel& written,
                             std::string_view producer_version);

}  // namespace ingot::pipeline

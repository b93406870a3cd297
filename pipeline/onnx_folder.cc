#include "pipeline/onnx_folder.h"

#include <fmt/format.h>

#include "bert/head.h"
#include "compress/onnx/model.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "pipeline/model_card.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

constexpr const char* kUse = R"(import numpy as np
import onnxruntime
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
inputs = tokenizer(["a text"], truncation=True, padding=True, return_tensors="np")
names = ["input_ids", "attention_mask", "token_type_ids"]
)";

std::string card(const bert::Config& config, const compress::OnnxModel& onnx) {
  std::string text = fmt::format(
      "---\nlibrary_name: onnx\ntags:\n- bert\n- onnx\n- ingot\n---\n\n# {0}\n\nA BERT of {1} layers, hidden size {2}, "
      "written by `ingot export --onnx`: opset 17, IR version 8. Its inputs `input_ids`, `attention_mask` and "
      "`token_type_ids` are int64 [batch, sequence], with at most {3} tokens in a text; `{4}` is float32.\n\n"
      "```python\n{5}{4}, = session.run([\"{4}\"], {{name: inputs[name].astype(np.int64) for name in names}})\n```\n",
      bert::architecture(*config.head), config.num_hidden_layers, config.hidden_size, config.max_position_embeddings,
      onnx.output, kUse);
  if (!onnx.notes.empty()) text += "\n## What to know\n";
  for (const std::string& note : onnx.notes) text += fmt::format("\n- {}\n", note);
  return text;
}

}  // namespace

OnnxFolder write_onnx_folder(const fs::path& folder, const CompressedModel& written,
                             std::string_view producer_version) {
  const bert::Config& config = written.model.config;
  const compress::OnnxModel onnx = compress::to_onnx(written.model, written.compression, producer_version);
  engine::write_file(folder / "model.onnx", onnx.bytes);
  bert::write_config(folder / "config.json", config);
  write_card(folder, card(config, onnx));
  return {.n_nodes = onnx.n_nodes,
          .n_bytes = static_cast<std::int64_t>(onnx.bytes.size()),
          .output = onnx.output,
          .notes = onnx.notes};
}

}  // namespace ingot::pipeline

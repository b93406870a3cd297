#include "pipeline/model_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/head.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using compress::Role;

constexpr const char* kMeanPooling = R"(import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForSequenceClassification.from_pretrained(".").eval()
inputs = tokenizer(["a text"], truncation=True, padding=True, return_tensors="pt")
with torch.no_grad():
    hidden = model.bert(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1).float()
    mean = (hidden * mask).sum(1) / mask.sum(1)
    logits = model.classifier(torch.tanh(model.bert.pooler.dense(mean)))
)";

// How many layers of the compression have something.
template <class Has>
std::int64_t count(const compress::Compression& compression, const Has& has) {
  return std::count_if(compression.begin(), compression.end(), [&](const auto& item) { return has(item.second); });
}

std::string layers(std::int64_t n) { return n == 1 ? "1 layer" : fmt::format("{} layers", n); }

void add_weight_notes(std::vector<Note>& notes, const compress::Compression& compression, bool floats) {
  if (floats) {
    notes.push_back(
        {"the weights are the float weights that training goes on from: transformers computes an "
         "uncompressed model; formats and masks are in compression.json, which ingot alone reads"});
  } else {
    notes.push_back(
        {"the weights, biases and embeddings are the pruned and quantised ones that the model computes "
         "with, as float32"});
  }
  const auto has = [&](Role role) {
    return count(compression, [=](const compress::LayerCompression& layer) { return layer[role].has_value(); });
  };
  const std::int64_t n_sparse =
      count(compression, [](const compress::LayerCompression& layer) { return layer.input_sparsity != 0; });
  std::string lost;
  const auto lose = [&](std::int64_t n, const char* what) {
    if (n > 0) lost += fmt::format("{}{} of {}", lost.empty() ? "" : ", ", what, layers(n));
  };
  lose(has(Role::input), "quantised inputs");
  lose(has(Role::output), "quantised outputs");
  lose(n_sparse, "sparse inputs");
  if (lost.empty()) return;
  notes.push_back(
      {fmt::format("a Hugging Face folder cannot carry the {}: transformers computes these in float32, so "
                   "its logits differ; ingot reads them from compression.json",
                   lost)});
}

}  // namespace

std::vector<Note> export_notes(const CompressedModel& written, bool floats) {
  std::vector<Note> notes;
  if (!written.compression.empty()) add_weight_notes(notes, written.compression, floats);
  const bert::Config& config = written.model.config;
  if (config.pooling == bert::Pooling::mean && config.head->pooler == bert::PoolerUse::always) {
    notes.push_back(
        {"this classifier reads the mean of a text's tokens; Hugging Face's BertForSequenceClassification "
         "reads the first, so its logits differ",
         kMeanPooling});
  }
  return notes;
}

void write_model_card(const fs::path& folder, const bert::Config& config, const std::vector<Note>& notes) {
  std::string text = fmt::format(
      "---\nlibrary_name: transformers\ntags:\n- bert\n- ingot\n---\n\n# {}\n\nA BERT of {} layers, hidden size {}, "
      "written by `ingot export`.\n",
      bert::architecture(*config.head), config.num_hidden_layers, config.hidden_size);
  if (!notes.empty()) text += "\n## What is different here\n";
  for (const Note& note : notes) {
    std::string sentence = note.sentence;
    sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
    text += fmt::format("\n{}.\n", sentence);
    if (!note.python.empty()) text += fmt::format("\n```python\n{}```\n", note.python);
  }
  write_card(folder, text);
}

void write_card(const fs::path& folder, const std::string& text) {
  const fs::path path = folder / "README.md";
  std::error_code error;
  if (fs::exists(path, error)) {
    return engine::say(
        fmt::format("note: {} is there already and stays as it is; it should say what is noted here", path.string()));
  }
  engine::write_file(path, text);
}

}  // namespace ingot::pipeline

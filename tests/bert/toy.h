// A small classifier with texts to train it on, for tests of the trainer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bert/train/classification.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"

namespace ingot::test {
namespace fs = std::filesystem;

// Texts of 2 to 12 tokens; the label says which of two tokens is in it.
struct Toy {
  static constexpr data::Framing kFraming{.cls = 2, .sep = 3, .length = 12};

  Toy() {
    engine::set_quiet(true);
    engine::Rng rng(5);
    for (int i = 0; i < 60; ++i) {
      const auto label = static_cast<std::int32_t>(rng.below(2));
      const std::uint64_t n = 2 + rng.below(11);
      const std::uint64_t place = rng.below(n);
      for (std::uint64_t j = 0; j < n; ++j)
        ids.push_back(j == place ? 5 + label : static_cast<std::int32_t>(7 + rng.below(20)));
      offsets.push_back(ids.size());
      labels.push_back(label);
    }
    part = {offsets, ids, labels};
    for (std::size_t i = 0; i < 60; ++i) (i < 48 ? training : validation).examples.push_back(i);
    training.part = validation.part = &part;
  }

  static bert::Model model(float dropout = 0.1f) {
    return bert::make_model({.vocab_size = 30,
                             .hidden_size = 32,
                             .num_hidden_layers = 2,
                             .num_attention_heads = 2,
                             .intermediate_size = 48,
                             .max_position_embeddings = 16,
                             .hidden_dropout_prob = dropout,
                             .attention_probs_dropout_prob = dropout,
                             .initializer_range = 0.1f,
                             .label_names = {"no", "yes"}},
                            1);
  }

  bert::Job job(bert::Model& model, std::int64_t batch_size = 8, const bert::ClassificationOptions& how = {}) const {
    bert::Job job = bert::classification_job(model, training, validation, kFraming, batch_size, 1, how);
    job.save = [&model](const fs::path& folder) { bert::save_model(folder, model); };
    return job;
  }

  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> ids, labels;
  bert::TokenPart part;
  bert::Subset training, validation;
};

inline bert::TrainerOptions options(const fs::path& out, std::int64_t n_epochs = 3) {
  return {.n_epochs = n_epochs, .learning_rate = 3e-3, .seed = 1, .save_every = 2, .out = out, .identity = "toy"};
}

inline std::string last_weights(const fs::path& out) { return engine::read_file(out / "last" / "model.safetensors"); }

inline std::string log_without_speed(const fs::path& out) {
  std::ifstream file(out / "metrics.jsonl");
  std::string all;
  for (std::string line; std::getline(file, line);) {
    engine::Json json = engine::Json::parse(line);
    json.erase("tokens_per_second");
    all += json.dump() + "\n";
  }
  return all;
}

}  // namespace ingot::test

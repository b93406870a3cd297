// Whole steps of a BERT with two labels: full-length sequences of random tokens, dropout in training, AdamW on all
// parameters, gradients clipped.
#pragma once

#include <cstdint>
#include <vector>

#include "bert/model.h"
#include "engine/optim/adamw.h"

namespace ingot::bench {

struct StepShape {
  std::int64_t batch, length;
  const char* model = "tiny";  // of bert::named_config
};

class BertSteps {
 public:
  BertSteps(StepShape shape, std::int64_t vocab_size, float dropout = 0.1f);

  float train();  // one training step; returns its loss
  float infer();  // returns the first logit

  // Of the encoder's products: a token takes 2 (4 H^2 + 2 H F) a layer, and attention 4 S H more; backward counts
  // twice.
  double flops(bool training) const;
  std::int64_t batch() const { return shape_.batch; }
  std::int64_t n_tokens() const { return shape_.batch * shape_.length; }
  bert::Model& model() { return model_; }
  const bert::Input& input() const { return input_; }

 private:
  StepShape shape_;
  bert::Model model_;
  bert::Input input_;
  std::vector<std::int32_t> labels_;
  engine::AdamW optimizer_;
  std::vector<bert::Input> shard_inputs_;  // what a step learns from, as `ingot train` cuts it
  engine::Shards shards_;
  std::uint64_t n_steps_ = 0;
};

}  // namespace ingot::bench

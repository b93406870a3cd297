// A model small enough for tests of whole forward and backward passes.
#pragma once

#include <numeric>

#include "bert/head.h"
#include "bert/model.h"
#include "engine/autograd/loss.h"
#include "tests/support/kernel_cases.h"

namespace ingot::test {

inline bert::Model small_model(std::uint64_t seed = 1, std::string_view task = "single-label") {
  return bert::make_model({.head = &bert::head_for_task(task),
                           .vocab_size = 20,
                           .hidden_size = 8,
                           .num_hidden_layers = 1,
                           .num_attention_heads = 2,
                           .intermediate_size = 12,
                           .max_position_embeddings = 6,
                           .initializer_range = 0.5f,
                           .label_names = {"no", "yes"}},
                          seed);
}

// Two texts, of 4 and 2 tokens.
inline bert::Input small_input() {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0, 4, 6};
  return {.ids = {2, 7, 9, 3, 2, 5},
          .positions = {0, 1, 2, 3, 0, 1},
          .token_types = {0, 0, 0, 0, 0, 0},
          .sequences = std::move(sequences)};
}

inline engine::Variable small_logits(const bert::Model& model) {
  engine::DropoutStreams off;
  const bert::Input input = small_input();
  return model.outputs(model.encode(input, off), input, off);
}

// Runs forward and backward; the gradients are in the parameters.
inline void small_step(const bert::Model& model) {
  for (const engine::Parameter& p : model.parameters()) {
    engine::Variable variable = p.variable;
    variable.clear_gradient();
  }
  const std::vector<std::int32_t> labels{0, 1};
  engine::backward(engine::cross_entropy(small_logits(model), labels));
}

}  // namespace ingot::test

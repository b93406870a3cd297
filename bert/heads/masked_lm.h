// Masked language modelling: the head that predicts the tokens behind masks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bert/head.h"

namespace ingot::bert {

extern const Head kMaskedLm;

// Logits over the vocabulary [rows.size(), vocab_size] at these rows of the encoder's output only.
engine::Variable predict_tokens(const Model& model, const engine::Variable& hidden, std::vector<std::int32_t> rows);

// Mean cross entropy of predicting `labels` at these rows, without holding their logits.
engine::Variable predict_tokens_loss(const Model& model, const engine::Variable& hidden, std::vector<std::int32_t> rows,
                                     std::span<const std::int32_t> labels);

}  // namespace ingot::bert

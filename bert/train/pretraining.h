// Masked language modelling (Devlin et al. 2019, section 3.1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bert/model.h"
#include "bert/tokenizers/token_cache.h"
#include "bert/train/trainer.h"
#include "data/batches.h"

namespace ingot::bert {

struct Masking {
  std::vector<std::int32_t> rows;    // ascending rows of the batch to be predicted
  std::vector<std::int32_t> labels;  // their true ids
};

// Chooses masked_share of the ordinary tokens of the batch (rounded, at least one), replaces 80% of these by `mask`,
// 10% by a random ordinary id, and leaves 10%. Ordinary: not a special token. A function of (seed, draw).
Masking mask_tokens(data::Batch& batch, const SpecialTokens& special, std::int64_t vocab_size, double masked_share,
                    std::uint64_t seed, std::uint64_t draw);

// What becomes of a text that does not fit the framing's length.
enum class LongTexts {
  truncated,  // one sequence, truncated as the framing says
  split,      // as many sequences as it needs, in its order, of even lengths
};

// The training job: each text, with masks drawn anew each epoch; logits at the masked positions only. Every 100th text,
// at most 1,000, is held out: the mean loss over these, with fixed masks, is the validation. `texts` views into memory
// that outlives the job. Batches are cut into shards (engine/autograd/shards.h).
Job pretraining_job(Model& model, const std::vector<std::span<const std::int32_t>>& texts, LongTexts long_texts,
                    const data::Framing& framing, const SpecialTokens& special, double masked_share,
                    std::int64_t batch_size, std::uint64_t seed, std::int64_t shards = 1);

}  // namespace ingot::bert

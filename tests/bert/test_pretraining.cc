#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bert/heads/masked_lm.h"
#include "bert/train/pretraining.h"
#include "tests/support/error_text.h"

using namespace ingot;

namespace {

constexpr bert::SpecialTokens kSpecial{.pad = 0, .unknown = 1, .cls = 2, .sep = 3, .mask = 4};

data::Batch batch_of(std::int32_t n_tokens) {
  data::Batch batch;
  std::vector<std::int32_t> tokens;
  for (std::int32_t i = 0; i < n_tokens; ++i) tokens.push_back(5 + i % 90);
  data::append_sequence(batch, {.cls = 2, .sep = 3, .length = std::max(3, n_tokens + 2)}, tokens);
  return batch;
}

}  // namespace

TEST_CASE("masking takes its share of the ordinary tokens: 80% hidden, 10% replaced, 10% kept") {
  const data::Batch before = batch_of(40000);
  data::Batch batch = before;
  const bert::Masking masking = bert::mask_tokens(batch, kSpecial, 100, 0.15, 1, 1);
  REQUIRE(masking.rows.size() == 6000);
  CHECK(std::is_sorted(masking.rows.begin(), masking.rows.end()));
  CHECK(std::adjacent_find(masking.rows.begin(), masking.rows.end()) == masking.rows.end());
  double hidden = 0, kept = 0;
  for (std::size_t i = 0; i < masking.rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(masking.rows[i]);
    CHECK(masking.labels[i] == before.ids[row]);
    CHECK(before.ids[row] >= 5);
    hidden += batch.ids[row] == kSpecial.mask;
    kept += batch.ids[row] == before.ids[row];
    CHECK((batch.ids[row] == kSpecial.mask || batch.ids[row] >= 5));
  }
  const double sigma = std::sqrt(0.8 * 0.2 / 6000);
  CHECK(std::abs(hidden / 6000 - 0.8) < 4 * sigma);
  CHECK(std::abs(kept / 6000 - 0.1 - 0.1 / 95) < 4 * std::sqrt(0.1 * 0.9 / 6000));
  std::size_t changed = 0;
  for (std::size_t i = 0; i < batch.ids.size(); ++i) changed += batch.ids[i] != before.ids[i];
  CHECK(changed == 6000 - static_cast<std::size_t>(kept));
}

TEST_CASE("masking is a function of seed and draw, takes at least one token, and refuses none") {
  const auto rows = [](std::uint64_t seed, std::uint64_t draw) {
    data::Batch batch = batch_of(200);
    return bert::mask_tokens(batch, kSpecial, 100, 0.15, seed, draw).rows;
  };
  CHECK(rows(1, 1) == rows(1, 1));
  CHECK(rows(1, 1) != rows(1, 2));
  CHECK(rows(1, 1) != rows(2, 1));
  data::Batch one = batch_of(1);
  CHECK(bert::mask_tokens(one, kSpecial, 100, 0.15, 1, 1).rows == std::vector<std::int32_t>{1});
  data::Batch none = batch_of(0);
  CHECK(test::contains(test::error_text([&] { bert::mask_tokens(none, kSpecial, 100, 0.15, 1, 1); }),
                       "no ordinary tokens"));
}

TEST_CASE("texts that are split lose no token, and become sequences of even lengths") {
  const std::vector<std::int32_t> text(64, 7), fits(30, 7), two(31, 7);
  const std::vector<std::span<const std::int32_t>> texts{fits, text, fits, two};  // the first is held out
  bert::Model model = bert::make_model({.head = &bert::kMaskedLm,
                                        .vocab_size = 16,
                                        .hidden_size = 8,
                                        .num_hidden_layers = 1,
                                        .num_attention_heads = 2,
                                        .intermediate_size = 8,
                                        .max_position_embeddings = 32},
                                       1);
  const data::Framing framing{.cls = 2, .sep = 3, .length = 32};
  const auto epoch = [&](bert::LongTexts long_texts) {
    const bert::Job job = bert::pretraining_job(model, texts, long_texts, framing, kSpecial, 1.0, 1, 1);
    std::vector<int> masked;
    for (std::int64_t i = 0; i < job.batches_per_epoch; ++i) {
      engine::DropoutStreams streams(1, 0);
      masked.push_back(static_cast<int>(job.step(0, i, streams).weight));
    }
    std::sort(masked.begin(), masked.end());
    return masked;
  };
  CHECK(epoch(bert::LongTexts::split) == std::vector<int>{15, 16, 21, 21, 22, 30});
  CHECK(epoch(bert::LongTexts::truncated) == std::vector<int>{30, 30, 30});
}

TEST_CASE("a language model learns a text that repeats itself") {
  std::vector<std::int32_t> text;
  for (int i = 0; i < 64; ++i) text.push_back(5 + i % 4);
  const std::vector<std::span<const std::int32_t>> texts(40, text);
  bert::Model model = bert::make_model({.head = &bert::kMaskedLm,
                                        .vocab_size = 16,
                                        .hidden_size = 32,
                                        .num_hidden_layers = 1,
                                        .num_attention_heads = 2,
                                        .intermediate_size = 32,
                                        .max_position_embeddings = 32,
                                        .hidden_dropout_prob = 0,
                                        .attention_probs_dropout_prob = 0},
                                       1);
  const bert::Job job = bert::pretraining_job(model, texts, bert::LongTexts::truncated,
                                              {.cls = 2, .sep = 3, .length = 32}, kSpecial, 0.15, 8, 1);
  CHECK(job.batches_per_epoch == 5);
  std::vector<engine::Parameter> parameters = model.parameters();
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    engine::DropoutStreams streams(1, static_cast<std::uint64_t>(step));
    for (engine::Parameter& p : parameters) p.variable.clear_gradient();
    const bert::StepResult result = job.step(step / 5, step % 5, streams);
    if (step % 5 < 4) CHECK(result.weight == 36);  // 15% of 8 texts of 30 tokens without [CLS] and [SEP]
    engine::backward(result.loss);
    for (engine::Parameter& p : parameters) {
      const engine::Tensor gradient = p.variable.gradient();
      for (std::int64_t i = 0; i < gradient.size(); ++i) p.variable.value().data()[i] -= 0.3f * gradient.data()[i];
    }
    (step == 0 ? first : last) = result.loss.value().data()[0];
  }
  CHECK(first == doctest::Approx(std::log(16.0)).epsilon(0.1));
  CHECK(last < 0.75 * first);
}

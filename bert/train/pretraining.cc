// Masked language modelling hides some tokens of a text and learns to predict them. Three things decide how it is done.
//
// A text is seen in several epochs, and fixed masks would be learned by heart. So masks are drawn anew for every step.
// They are a function of (seed, number of the step), so that a run can be resumed anywhere and draws the same ones.
//
// The held-out texts are the exception: they have fixed masks, so that the losses of two epochs differ by what was
// learned alone.
//
// Logits over the whole vocabulary would be most of the work of a small model. Only the masked rows go through the
// decoder, and their logits are never held all at once (linear_cross_entropy). In return nothing is learned from tokens
// that were not chosen.
#include "bert/train/pretraining.h"

#include <algorithm>
#include <cmath>

#include "bert/heads/masked_lm.h"
#include "bert/train/classification.h"
#include "bert/train/training_batches.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

using Text = std::span<const std::int32_t>;

constexpr std::size_t kHeldOutEvery = 100;
constexpr std::size_t kMostHeldOut = 1000;

engine::Rng draw_for(std::uint64_t seed, std::uint64_t draw) {
  return engine::Rng(seed, static_cast<std::uint64_t>(engine::Stream::masking) << 56 | draw);
}

struct Texts {
  std::vector<Text> training, held_out;
};

Texts with_held_out(const std::vector<Text>& texts) {
  Texts parts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;
    const bool held = i % kHeldOutEvery == 0 && parts.held_out.size() < kMostHeldOut && texts.size() > 1;
    (held ? parts.held_out : parts.training).push_back(texts[i]);
  }
  if (parts.training.empty()) std::swap(parts.training, parts.held_out);
  if (parts.held_out.empty()) parts.held_out = {parts.training.front()};
  return parts;
}

// Even lengths, for a text of one token more than fits would leave a sequence of a single token.
std::vector<Text> split_to_fit(const std::vector<Text>& texts, std::size_t room) {
  std::vector<Text> sequences;
  for (Text rest : texts) {
    for (std::size_t left = (rest.size() + room - 1) / room; left > 0; --left) {
      const std::size_t size = (rest.size() + left - 1) / left;
      sequences.push_back(rest.first(size));
      rest = rest.subspan(size);
    }
  }
  return sequences;
}

bool is_ordinary(std::int32_t id, const SpecialTokens& special) {
  return id != special.pad && id != special.unknown && id != special.cls && id != special.sep && id != special.mask;
}

class Pretraining {
 public:
  Pretraining(Model& model, Texts texts, const data::Framing& framing, const SpecialTokens& special,
              double masked_share, std::int64_t batch_size, std::int64_t shards, std::uint64_t seed)
      : model_(model),
        texts_(std::move(texts)),
        framing_(framing),
        special_(special),
        masked_share_(masked_share),
        batch_size_(batch_size),
        seed_(seed),
        batches_(framed(texts_.training), batch_size, shards, seed) {}

  std::int64_t batches_per_epoch() const { return batches_.per_epoch(); }

  StepResult step(std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    const auto draw = static_cast<std::uint64_t>(epoch * batches_.per_epoch() * batches_.shards() + index) + 1;
    const std::vector<std::size_t> members = batches_.shard(epoch, index);
    const bool may_be_empty = batches_.shards() > 1;
    if (may_be_empty && std::none_of(members.begin(), members.end(), [&](std::size_t i) { return has_words(i); }))
      return {.weight = 0};
    return loss(texts_.training, members, draw, streams);
  }

  engine::Json validate() {
    const engine::NoGradient no_gradient;
    double total = 0;
    std::int64_t n = 0;
    for (const auto& members : data::evaluation_order(framed(texts_.held_out), batch_size_)) {
      engine::DropoutStreams off;
      const auto count = static_cast<std::int64_t>(members.size());
      total += loss(texts_.held_out, members, kValidationDraw + members.front(), off).loss.value().data()[0] *
               static_cast<double>(count);
      n += count;
    }
    const double mean = total / static_cast<double>(n);
    return {{"score", -mean}, {"validation_loss", mean}, {"validation_perplexity", std::exp(mean)}};
  }

 private:
  static constexpr std::uint64_t kValidationDraw = std::uint64_t{1} << 48;

  std::vector<std::uint32_t> framed(const std::vector<Text>& texts) const {
    std::vector<std::uint32_t> lengths;
    for (const Text text : texts)
      lengths.push_back(static_cast<std::uint32_t>(std::min(framing_.length, data::framed_length(text.size()))));
    return lengths;
  }

  // Whether the batch of this text alone has a token that masking may hide.
  bool has_words(std::size_t text) const {
    data::Batch batch;
    data::append_sequence(batch, framing_, texts_.training[text]);
    return std::any_of(batch.ids.begin(), batch.ids.end(), [&](std::int32_t id) { return is_ordinary(id, special_); });
  }

  StepResult loss(const std::vector<Text>& texts, std::span<const std::size_t> members, std::uint64_t draw,
                  engine::DropoutStreams& streams) {
    data::Batch batch;
    for (const std::size_t member : members) {
      data::append_sequence(batch, framing_, texts[member]);
    }
    const Masking masking = mask_tokens(batch, special_, model_.config.vocab_size, masked_share_, seed_, draw);
    const std::int64_t n_tokens = batch.n_tokens();
    const Input input = make_input(std::move(batch));
    return {predict_tokens_loss(model_, model_.encode(input, streams), masking.rows, masking.labels), n_tokens,
            static_cast<double>(masking.labels.size())};
  }

  Model& model_;
  Texts texts_;
  data::Framing framing_;
  SpecialTokens special_;
  double masked_share_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
  TrainingBatches batches_;
};

}  // namespace

Masking mask_tokens(data::Batch& batch, const SpecialTokens& special, std::int64_t vocab_size, double masked_share,
                    std::uint64_t seed, std::uint64_t draw) {
  const auto ordinary = [&](std::int32_t id) { return is_ordinary(id, special); };
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < batch.ids.size(); ++i) {
    if (ordinary(batch.ids[i])) rows.push_back(static_cast<std::int32_t>(i));
  }
  engine::require(!rows.empty(),
                  "masking: a batch has no ordinary tokens: its texts are empty or unknown to the tokenizer");
  engine::Rng rng = draw_for(seed, draw);
  const auto wanted = static_cast<std::size_t>(std::llround(masked_share * static_cast<double>(rows.size())));
  const std::size_t n_masked = std::max<std::size_t>(1, wanted);
  for (std::size_t i = 0; i < n_masked; ++i) std::swap(rows[i], rows[i + rng.below(rows.size() - i)]);
  rows.resize(n_masked);
  std::sort(rows.begin(), rows.end());
  Masking masking{rows, {}};
  for (const std::int32_t row : rows) {
    std::int32_t& id = batch.ids[static_cast<std::size_t>(row)];
    masking.labels.push_back(id);
    const double chance = rng.uniform();
    if (chance < 0.8) {
      id = special.mask;
    } else if (chance < 0.9) {
      do {
        id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab_size)));
      } while (!ordinary(id));
    }
  }
  return masking;
}

Job pretraining_job(Model& model, const std::vector<Text>& texts, LongTexts long_texts, const data::Framing& framing,
                    const SpecialTokens& special, double masked_share, std::int64_t batch_size, std::uint64_t seed,
                    std::int64_t shards) {
  engine::require(special.mask >= 0, "pretrain: the tokenizer has no [MASK] token");
  Texts parts = with_held_out(texts);
  if (long_texts == LongTexts::split) {
    const auto room = static_cast<std::size_t>(framing.length - data::kSpecialTokens);
    parts = {split_to_fit(parts.training, room), split_to_fit(parts.held_out, room)};
  }
  auto work =
      std::make_shared<Pretraining>(model, std::move(parts), framing, special, masked_share, batch_size, shards, seed);
  return {.name = "pretrain",
          .batches_per_epoch = work->batches_per_epoch(),
          .shards = shards,
          .step = [work](std::int64_t epoch, std::int64_t index,
                         engine::DropoutStreams& s) { return work->step(epoch, index, s); },
          .validate = [work] { return work->validate(); }};
}

}  // namespace ingot::bert

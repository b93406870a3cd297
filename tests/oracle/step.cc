#include "tests/oracle/step.h"

#include <algorithm>

#include "bert/train/pretraining.h"
#include "data/batches.h"

namespace ingot::oracle {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

bool is_language_model(const Problem& p) { return p.model.config.head->task.empty(); }

// Of masked language modelling the first text is held out.
std::size_t n_held_out(const Problem& p) { return is_language_model(p) && p.texts.size() > 1 ? 1 : 0; }

// [CLS] text [SEP], of pairs [CLS] first [SEP] second [SEP] with other token types behind the first [SEP], of pairs
// apart two such texts. A text that is too long loses its end.
void append(const Problem& p, const Texts& texts, std::size_t text, data::Batch& batch) {
  const bert::TokenPart part = texts.part();
  const auto begin_text = [&] {
    if (batch.offsets.empty()) batch.offsets.push_back(0);
  };
  const auto put = [&](std::int32_t id, std::int32_t type, std::int32_t tag) {
    batch.positions.push_back(static_cast<std::int32_t>(batch.ids.size()) - batch.offsets.back());
    batch.ids.push_back(id), batch.token_types.push_back(type), batch.tags.push_back(tag);
  };
  const auto end_text = [&] { batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size())); };
  const auto put_all = [&](std::span<const std::int32_t> ids, std::int32_t type) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (std::ssize(batch.ids) - batch.offsets.back() + 1 == p.framing.length) break;  // room for [SEP]
      put(ids[i], type, texts.tags.empty() ? -1 : part.tags_of(text)[i]);
    }
    put(kSep, type, -1);
  };
  begin_text();
  put(kCls, 0, -1);
  put_all(part.first(text), 0);
  if (!texts.second_sizes.empty()) {
    if (p.framing.pairs_apart) {
      end_text();
      put(kCls, 0, -1);
    }
    put_all(part.second(text), p.framing.pairs_apart ? 0 : 1);
  }
  end_text();
}

void append(data::Batch&& batch, Asked& asked) {
  auto sequences = std::make_shared<engine::Sequences>();
  if (asked.input.sequences) *sequences = *asked.input.sequences;
  if (sequences->offsets.empty()) sequences->offsets.push_back(0);
  const auto begin = static_cast<std::int32_t>(asked.input.ids.size());
  for (std::size_t i = 1; i < batch.offsets.size(); ++i) sequences->offsets.push_back(begin + batch.offsets[i]);
  const auto join = [](std::vector<std::int32_t>& all, const std::vector<std::int32_t>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  join(asked.input.ids, batch.ids), join(asked.input.positions, batch.positions);
  join(asked.input.token_types, batch.token_types);
  asked.input.sequences = sequences;
}

void append_text(const Problem& p, std::size_t member, Asked& asked) {
  const bool is_own = member < p.texts.size();
  const Texts& texts = is_own ? p.texts : p.unlabelled;
  const std::size_t text = is_own ? member : member - p.texts.size();
  data::Batch batch;
  append(p, texts, text, batch);
  if (p.model.config.head->rows == bert::Head::Rows::tokens) {
    asked.labels.insert(asked.labels.end(), batch.tags.begin(), batch.tags.end());
  } else {
    asked.labels.push_back(is_own ? texts.labels[text] : -1);
  }
  append(std::move(batch), asked);
  asked.answered.push_back(is_own ? 1 : 0);
  const auto n = static_cast<std::size_t>(p.model.config.n_labels());
  for (std::size_t i = 0; i < n && !p.texts.numbers.empty(); ++i)
    asked.numbers.push_back(is_own ? texts.numbers[text * n + i] : 0);
  for (std::size_t i = 0; i < n && !p.taught.empty(); ++i) asked.taught.push_back(p.taught[member * n + i]);
}

// Which tokens are hidden is drawn for each shard.
void append_masked(const Problem& p, const std::vector<std::size_t>& batch, std::int64_t index, Asked& asked) {
  const std::int64_t n = std::ssize(batch);
  for (std::int64_t shard = 0; shard < p.shards; ++shard) {
    data::Batch shown;
    const auto border = [&](std::int64_t s) { return ceil_div(s * n, p.shards); };
    for (std::int64_t i = border(shard); i < border(shard + 1); ++i)
      append(p, p.texts, n_held_out(p) + batch[static_cast<std::size_t>(i)], shown);
    if (shown.ids.empty()) continue;
    const bert::SpecialTokens special{.pad = 0, .unknown = 1, .cls = kCls, .sep = kSep, .mask = kMask};
    const bert::Masking masking = bert::mask_tokens(shown, special, p.model.config.vocab_size, p.masked_share, p.seed,
                                                    static_cast<std::uint64_t>(index * p.shards + shard) + 1);
    std::vector<std::int32_t> labels(shown.ids.size(), -1);
    for (std::size_t i = 0; i < masking.rows.size(); ++i)
      labels[static_cast<std::size_t>(masking.rows[i])] = masking.labels[i];
    asked.labels.insert(asked.labels.end(), labels.begin(), labels.end());
    append(std::move(shown), asked);
    asked.answered.push_back(1);
  }
}

std::size_t n_learned(const Problem& p) { return p.texts.size() + p.unlabelled.size() - n_held_out(p); }

std::int64_t n_batches(const Problem& p) { return ceil_div(static_cast<std::int64_t>(n_learned(p)), p.batch); }

}  // namespace

Asked asked_alone(const Problem& p) {
  const auto n_texts = static_cast<std::size_t>(p.input.sequences->size());
  return {.input = p.input,
          .labels = p.input_labels,
          .numbers = p.input_numbers,
          .taught = {},
          .answered = std::vector<std::uint8_t>(n_texts, 1)};
}

std::int64_t steps_per_epoch(const Problem& p) { return ceil_div(n_batches(p), p.trainer.accumulate); }

std::vector<Asked> asked_in_step(const Problem& p, std::int64_t step) {
  const std::int64_t epoch = step / steps_per_epoch(p), first = step % steps_per_epoch(p) * p.trainer.accumulate;
  std::vector<std::uint32_t> lengths;  // which texts share a batch goes by them
  for (std::size_t member = 0; member < n_learned(p); ++member) {
    Asked one;
    append_text(p, n_held_out(p) + member, one);
    lengths.push_back(static_cast<std::uint32_t>(one.input.ids.size()));
  }
  const auto batches = data::training_order(lengths, p.batch, p.seed, static_cast<std::uint64_t>(epoch));
  const bool is_apart = p.model.config.head->compares_texts;
  std::vector<Asked> all(1);
  for (std::int64_t b = first; b < std::min(n_batches(p), first + p.trainer.accumulate); ++b) {
    const std::vector<std::size_t>& batch = batches[static_cast<std::size_t>(b)];
    if (is_apart && b > first) all.emplace_back();
    if (is_language_model(p)) append_masked(p, batch, epoch * n_batches(p) + b, all.back());
    for (const std::size_t member : batch)
      if (!is_language_model(p)) append_text(p, member, all.back());
    if (is_apart) all.back().n_pairs = static_cast<double>(batch.size());
  }
  return all;
}

}  // namespace ingot::oracle

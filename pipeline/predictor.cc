#include "pipeline/predictor.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/head.h"
#include "bert/train/classification.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/base/threads.h"
#include "pipeline/training.h"

namespace ingot::pipeline {
namespace {

using engine::require;

constexpr std::int64_t kGrain = 16;  // texts to a thread at a time
constexpr std::string_view kBlanks = " \t\n\r\f\v";

// The words of a text, which blanks are between, with one blank between two.
data::Example words_of(std::string_view text) {
  data::Example example;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == text.npos) return example;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    if (!example.text.empty()) example.text += ' ';
    example.text += word;
    example.words.push_back({static_cast<std::uint32_t>(example.text.size()), 0});
    text.remove_prefix(word.size());
  }
}

// Rows of tokens, one after another, as a part of a corpus.
struct Tokens {
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> ids, tags, labels;
  std::vector<std::uint32_t> second_sizes;
  bool has_pairs = false;

  void add(const bert::TokenRow& row, bool is_pair) {
    ids.insert(ids.end(), row.ids.begin(), row.ids.end());
    tags.insert(tags.end(), row.tags.begin(), row.tags.end());
    offsets.push_back(ids.size());
    labels.push_back(data::kUnlabelled);
    second_sizes.push_back(row.second_size);
    has_pairs = has_pairs || is_pair;
  }
  bert::TokenPart part() const {
    return {.offsets = offsets,
            .ids = ids,
            .labels = labels,
            .second_sizes = has_pairs ? second_sizes : std::span<const std::uint32_t>(),
            .tags = tags};
  }
};

// The words whose first tokens are within the length.
std::vector<std::size_t> seen_words(std::span<const std::int32_t> tags, const data::Framing& framing) {
  const data::Kept kept =
      data::kept_of(tags.size(), static_cast<std::size_t>(framing.length - data::kSpecialTokens), framing.truncation);
  std::vector<std::size_t> seen;
  std::size_t word = 0;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (tags[i] == bert::kInnerToken) continue;
    if (i < kept.head || i >= tags.size() - kept.tail) seen.push_back(word);
    ++word;
  }
  return seen;
}

std::vector<std::string> split(const data::Example& example) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  for (const data::Word& word : example.words) {
    words.push_back(example.text.substr(begin, word.end - begin));
    begin = word.end + 1;
  }
  return words;
}

}  // namespace

Predictor::Predictor(Classifier model, const ArithmeticOptions& arithmetic, std::int64_t batch)
    : model_(std::move(model)), batch_(batch) {
  set_precision(model_, arithmetic);
  integers_ = in_integers(model_, arithmetic_of(arithmetic));
}

data::Example Predictor::question(std::string text, bool is_pair) const {
  if (!is_pair) return question(std::move(text), {}, {});
  const std::size_t tab = text.find('\t');
  require(tab != text.npos && text.find('\t', tab + 1) == text.npos,
          "must be a pair of texts with one tab between, got {} tabs", std::count(text.begin(), text.end(), '\t'));
  std::string second = text.substr(tab + 1);
  text.resize(tab);
  for (const std::string* side : {&text, &second})
    require(side->find_first_not_of(kBlanks) != side->npos, "both texts of a pair must have content, the {} has none",
            side == &text ? "first" : "second");
  return question(std::move(text), std::move(second), {});
}

data::Example Predictor::question(std::string text, std::string second,
                                  const std::vector<std::uint32_t>& word_ends) const {
  if (head().rows != bert::Head::Rows::tokens) return {.text = std::move(text), .second = std::move(second)};
  require(second.empty(), "the model tags the words of single texts, got a pair");
  if (word_ends.empty()) return words_of(text);
  data::Example example{.text = std::move(text)};
  for (const std::uint32_t end : word_ends) example.words.push_back({end, 0});
  return example;
}

std::vector<Predicted> Predictor::predict(const std::vector<data::Example>& texts) {
  std::vector<bert::TokenRow> rows(texts.size());
  std::vector<Predicted> all(texts.size());
  engine::parallel_for(static_cast<std::int64_t>(texts.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      try {
        rows[i] = bert::encode_example(*model_.tokenizer, texts[i]);
      } catch (const engine::Error& error) {
        all[i].fault = error.what();
      }
    }
  });
  const bool by_words = head().rows == bert::Head::Rows::tokens;
  Tokens tokens;
  std::vector<std::size_t> asked;  // texts without words have nothing to answer
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!all[i].fault.empty()) continue;
    ++n_texts_;
    if (by_words) {
      all[i].words = split(texts[i]);
      all[i].row_words = seen_words(rows[i].tags, model_.framing);
      n_unseen_words_ += all[i].words.size() - all[i].row_words.size();
      if (all[i].words.empty()) continue;
    }
    tokens.add(rows[i], !texts[i].second.empty());
    asked.push_back(i);
  }
  const bert::TokenPart part = tokens.part();
  n_long_ += n_truncated(part, model_.framing);
  const bert::Predictions predictions =
      bert::predict(classify(integers_, model_), bert::Subset::all(part), model_.framing, batch_);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::span<const float> values = predictions.of(i);
    all[asked[i]].values.assign(values.begin(), values.end());
  }
  return all;
}

bert::Prediction Predictor::as_prediction(const Predicted& predicted) const {
  return {config(), predicted.values, predicted.words, predicted.row_words};
}

void Predictor::say_truncation() const {
  if (n_long_ > 0)
    engine::say(fmt::format("{} of {} texts are longer than {} tokens and are truncated ({})", n_long_, n_texts_,
                            model_.framing.length, name(model_.framing.truncation)));
  if (n_unseen_words_ > 0)
    engine::say(
        fmt::format("{} words beyond that length are tagged as outside of all entities (O, or _ if there is no "
                    "such tag)",
                    n_unseen_words_));
}

}  // namespace ingot::pipeline

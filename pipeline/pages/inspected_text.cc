#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bert/head.h"
#include "bert/inspection.h"
#include "pipeline/pages/model_at_work.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kLayersDrawn = 4, kHeadsDrawn = 4;
constexpr std::string_view kBlank = "\u2581";  // SentencePiece's mark of a blank in front of a word

// Some of the numbers below n, evenly from the first to the last.
std::vector<std::size_t> some_of(std::size_t n, std::size_t most) {
  std::vector<std::size_t> some(std::min(n, most));
  for (std::size_t i = 0; i < some.size(); ++i) some[i] = some.size() == 1 ? 0 : i * (n - 1) / (some.size() - 1);
  return some;
}

// "layers 2, 3" of those that are not among `some`; numbers from 1 on.
std::string left_out(const char* what, std::size_t n, const std::vector<std::size_t>& some) {
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < n; ++i)
    if (std::find(some.begin(), some.end(), i) == some.end()) left.push_back(i + 1);
  return left.empty() ? "" : fmt::format("{} {}", what, fmt::join(left, ", "));
}

// A piece as both tokenizers are shown: "##" marks one that goes on with a word.
std::string shown_token(const bert::Tokenizer& tokenizer, std::int32_t id) {
  const std::string piece = tokenizer.piece(id);
  const bool is_special = id == tokenizer.special().cls || id == tokenizer.special().sep;
  if (tokenizer.file_name() == "vocab.txt" || is_special || piece == kBlank) return piece;
  return piece.starts_with(kBlank) ? piece.substr(kBlank.size()) : "##" + piece;
}

// Words and the special tokens between them. WordPiece marks pieces that go on with a word, SentencePiece such as begin
// one.
std::vector<WordShare> words_of(const bert::Tokenizer& tokenizer, const std::vector<std::int32_t>& ids,
                                const std::vector<double>& shares) {
  const bool marks_inner = tokenizer.file_name() == "vocab.txt";
  const bert::SpecialTokens& special = tokenizer.special();
  const auto stands_alone = [&](std::int32_t id) { return id == special.cls || id == special.sep; };
  std::vector<WordShare> words;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string piece = tokenizer.piece(ids[i]);
    const bool is_marked = marks_inner ? piece.starts_with("##") : piece.starts_with(kBlank);
    const bool begins = i == 0 || stands_alone(ids[i]) || stands_alone(ids[i - 1]) || is_marked != marks_inner;
    if (is_marked) piece.erase(0, marks_inner ? 2 : kBlank.size());
    if (begins) words.push_back({});
    words.back().word += piece;
    words.back().share += shares[i];
  }
  return words;
}

data::Batch framed(const Classifier& c, const data::Example& example, bool& is_truncated) {
  const bert::TokenRow row = bert::encode_example(*c.tokenizer, example);
  data::Batch batch;
  const std::size_t n = row.ids.size();
  const std::span<const std::int32_t> ids(row.ids);
  if (row.second_size == 0) {
    data::append_sequence(batch, c.framing, ids);
    is_truncated = data::framed_length(n) > c.framing.length;
  } else {
    data::append_pair(batch, c.framing, ids.first(n - row.second_size), ids.last(row.second_size));
    is_truncated = data::framed_length_of_pair(n) > c.framing.length;
  }
  return batch;
}

void add_maps(const std::vector<engine::QueryAndKey>& attention, InspectedText& found) {
  if (attention.empty()) return;
  const auto n_heads = static_cast<std::size_t>(attention.front().n_heads);
  const std::vector<std::size_t> layers = some_of(attention.size(), kLayersDrawn);
  const std::vector<std::size_t> heads = some_of(n_heads, kHeadsDrawn);
  for (const std::size_t layer : layers)
    for (const std::size_t head : heads)
      found.maps.push_back({layer, head, bert::attention_map(attention[layer], static_cast<std::int64_t>(head))});
  found.not_drawn = left_out("layers", attention.size(), layers);
  if (const std::string rest = left_out("heads", n_heads, heads); !rest.empty())
    found.not_drawn += (found.not_drawn.empty() ? "" : "; ") + rest;
}

}  // namespace

bert::Input input_of(const Classifier& c, const data::Example& example, bool& is_truncated) {
  return bert::make_input(framed(c, example, is_truncated));
}

bool answers_texts(const bert::Config& config) {
  using enum data::Answers;
  return config.head->rows == bert::Head::Rows::texts &&
         (config.head->answers == label || config.head->answers == labels || config.head->answers == numbers);
}

InspectedText inspected_text(const Classifier& c, const data::Example& example) {
  InspectedText found;
  const bert::Input input = input_of(c, example, found.is_truncated);
  const bert::Inspection inspection = bert::inspect(c.model(), input);
  const bert::Config& config = c.model().config;
  const engine::Tensor outputs =
      engine::Tensor::from({1, static_cast<std::int64_t>(inspection.outputs.size())}, inspection.outputs);
  const engine::Variable predictions = config.head->predictions(engine::Variable(outputs));
  found.text = example.second.empty() ? example.text : example.text + " | " + example.second;
  found.prediction = prediction_line(config, predictions.value().span());
  found.explained = config.label_names[inspection.explained];
  found.words = words_of(*c.tokenizer, input.ids, inspection.shares);
  for (const std::int32_t id : input.ids) found.tokens.push_back(shown_token(*c.tokenizer, id));
  add_maps(inspection.attention, found);
  return found;
}

}  // namespace ingot::pipeline

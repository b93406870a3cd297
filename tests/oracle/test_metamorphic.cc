// Changes of a model or of its texts that must not change what it answers, or change it in a way that is known.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "bert/heads/sequence_classification.h"
#include "engine/base/rng.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using engine::Tensor;
using engine::Variable;

namespace {

constexpr std::int64_t kHidden = 24, kHeads = 3, kInner = 20, kVocabulary = 30;

// Weights by name, drawn so that attention, biases and gammas matter.
using Tensors = std::map<std::string, Tensor>;

bert::Config config_of(bert::Pooling pooling = bert::Pooling::mean) {
  return {.vocab_size = kVocabulary,
          .hidden_size = kHidden,
          .num_hidden_layers = 2,
          .num_attention_heads = kHeads,
          .intermediate_size = kInner,
          .max_position_embeddings = 40,
          .hidden_dropout_prob = 0,
          .attention_probs_dropout_prob = 0,
          .pooling = pooling,
          .label_names = {"a", "b", "c", "d"}};
}

Tensors drawn() {
  Tensors tensors;
  std::uint64_t stream = 0;
  for (const engine::Parameter& p : bert::make_model(config_of(), 1).parameters()) {
    const bool is_gamma = p.name.ends_with("LayerNorm.weight");
    std::vector<float> values = test::noise(p.variable.value().size(), ++stream, 0.3);
    for (float& v : values) v += is_gamma ? 1.0f : 0.0f;
    tensors[p.name] = Tensor::from(p.variable.shape(), values);
  }
  return tensors;
}

using Text = std::vector<std::int32_t>;

std::vector<Text> some_texts() {
  engine::Rng rng(9);
  std::vector<Text> texts;
  for (const std::size_t length : {1, 7, 30, 2, 16, 7}) {
    Text& text = texts.emplace_back(length);
    for (std::int32_t& id : text) id = static_cast<std::int32_t>(rng.below(kVocabulary));
  }
  return texts;
}

bert::Input packed(const std::vector<Text>& texts) {
  bert::Input input;
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets.push_back(0);
  for (const Text& text : texts) {
    for (std::size_t i = 0; i < text.size(); ++i) input.positions.push_back(static_cast<std::int32_t>(i));
    input.ids.insert(input.ids.end(), text.begin(), text.end());
    sequences->offsets.push_back(static_cast<std::int32_t>(input.ids.size()));
  }
  input.token_types.resize(input.ids.size());
  input.sequences = sequences;
  return input;
}

Variable logits(const bert::Model& model, const bert::Input& input) {
  engine::DropoutStreams off;
  return model.outputs(model.encode(input, off), input, off);
}

std::vector<float> answers(const bert::Model& model, const bert::Input& input) {
  const engine::NoGradient no_gradient;
  const Tensor values = logits(model, input).value();
  return {values.span().begin(), values.span().end()};
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  return worst;
}

// Sums of about 30 numbers of size 1 in another order, through two layers: below 1e-5, and far below any change.
constexpr double kReordered = 1e-5;

// The rows of a tensor, or its columns, in another order.
Tensor rows_in_order(const Tensor& x, const std::vector<std::int64_t>& order) {
  const Tensor y = x.clone();
  const std::int64_t n = x.size() / std::ssize(order);
  for (std::int64_t i = 0; i < std::ssize(order); ++i)
    std::copy_n(x.data() + order[static_cast<std::size_t>(i)] * n, n, y.data() + i * n);
  return y;
}
Tensor columns_in_order(const Tensor& x, const std::vector<std::int64_t>& order) {
  const Tensor y = x.clone();
  const std::int64_t n = x.columns();
  for (std::int64_t row = 0; row < x.n_rows(); ++row)
    for (std::int64_t i = 0; i < n; ++i) y.data()[row * n + i] = x.data()[row * n + order[static_cast<std::size_t>(i)]];
  return y;
}

std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  engine::Rng rng(seed);
  engine::shuffle(order, rng);
  return order;
}

using Gradients = std::map<std::string, std::vector<float>>;

Gradients gradients(const bert::Model& model, const std::vector<Text>& texts, const std::vector<std::int32_t>& labels) {
  engine::backward(bert::kSequenceClassification.loss(logits(model, packed(texts)), {.labels = labels}));
  Gradients all;
  for (const engine::Parameter& p : model.parameters()) {
    const Tensor gradient = p.variable.gradient();
    all[p.name] = {gradient.span().begin(), gradient.span().end()};
    engine::Variable(p.variable).clear_gradient();
  }
  return all;
}

}  // namespace

TEST_CASE("texts in another order have the same bits, and one alone the same answer") {
  for (const bert::Pooling pooling : {bert::Pooling::cls, bert::Pooling::mean}) {
    const bert::Model model = bert::model_of(config_of(pooling), drawn());
    const std::vector<Text> texts = some_texts();
    const std::vector<float> all = answers(model, packed(texts));
    const std::vector<std::int64_t> order = shuffled(std::ssize(texts), 3);
    std::vector<Text> reordered;
    for (const std::int64_t i : order) reordered.push_back(texts[static_cast<std::size_t>(i)]);
    const std::vector<float> other = answers(model, packed(reordered));
    for (std::size_t at = 0; at < order.size(); ++at) {
      const auto text = static_cast<std::size_t>(order[at]);
      CAPTURE(text);
      const std::span<const float> expected = std::span(all).subspan(4 * text, 4);
      CHECK(test::same_bits(std::span(other).subspan(4 * at, 4), expected));
      // Products of few rows are added up in another order.
      CHECK(difference(answers(model, packed({texts[text]})), {expected.begin(), expected.end()}) < kReordered);
    }
  }
}

TEST_CASE("a batch whose texts are all there twice has the same gradients") {
  const bert::Model model = bert::model_of(config_of(), drawn());
  std::vector<Text> texts = some_texts();
  std::vector<std::int32_t> labels{0, 3, 2, 1, 1, 0};
  const Gradients once = gradients(model, texts, labels);
  for (std::size_t i = 0; i < 6; ++i) texts.push_back(some_texts()[i]), labels.push_back(labels[i]);
  for (const auto& twice : gradients(model, texts, labels)) {
    INFO(twice.first);
    CHECK(difference(twice.second, once.at(twice.first)) < 1e-6);
  }
}

TEST_CASE("heads in another order, with the columns that read them, answer alike") {
  const bert::Input input = packed(some_texts());
  Tensors tensors = drawn();
  const std::vector<float> expected = answers(bert::model_of(config_of(), tensors), input);
  std::vector<std::int64_t> order;  // heads 2, 0, 1, each with its 8 columns
  for (const std::int64_t head : {2, 0, 1})
    for (std::int64_t i = 0; i < kHidden / kHeads; ++i) order.push_back(head * kHidden / kHeads + i);
  const std::string layer = "bert.encoder.layer.1.attention.";
  for (const char* name : {"query", "key", "value"}) {
    for (const char* tensor : {".weight", ".bias"}) {
      Tensor& t = tensors.at(layer + "self." + name + tensor);
      t = rows_in_order(t, order);
    }
  }
  CHECK(difference(answers(bert::model_of(config_of(), tensors), input), expected) >
        0.01);  // half of it is another model
  Tensor& reader = tensors.at(layer + "output.dense.weight");
  reader = columns_in_order(reader, order);
  CHECK(difference(answers(bert::model_of(config_of(), tensors), input), expected) < kReordered);
}

TEST_CASE(
    "hidden units of a feed-forward network in another order answer alike, and have the gradients in that order") {
  const std::vector<Text> texts = some_texts();
  const std::vector<std::int32_t> labels{0, 3, 2, 1, 1, 0};
  Tensors tensors = drawn();
  const bert::Model model = bert::model_of(config_of(), tensors);
  const std::vector<std::int64_t> order = shuffled(kInner, 4);
  const std::string in = "bert.encoder.layer.0.intermediate.dense.", out = "bert.encoder.layer.0.output.dense.weight";
  Tensors other = tensors;
  for (const char* tensor : {"weight", "bias"}) other[in + tensor] = rows_in_order(tensors.at(in + tensor), order);
  other[out] = columns_in_order(tensors.at(out), order);
  const bert::Model permuted = bert::model_of(config_of(), other);
  CHECK(difference(answers(permuted, packed(texts)), answers(model, packed(texts))) < kReordered);
  const Gradients before = gradients(model, texts, labels);
  for (const auto& after : gradients(permuted, texts, labels)) {
    const std::string& name = after.first;
    INFO(name);
    Tensor expected = Tensor::from(tensors.at(name).shape(), before.at(name));
    if (name.starts_with(in)) expected = rows_in_order(expected, order);
    if (name == out) expected = columns_in_order(expected, order);
    CHECK(difference(after.second, {expected.span().begin(), expected.span().end()}) < kReordered);
  }
}

TEST_CASE(
    "ids in another order with the rows of their table, and labels with those of the classifier, give the same bits") {
  std::vector<Text> texts = some_texts();
  Tensors tensors = drawn();
  const std::vector<float> expected = answers(bert::model_of(config_of(), tensors), packed(texts));
  const std::vector<std::int64_t> order = shuffled(kVocabulary, 5), labels{2, 0, 3, 1};
  std::vector<std::int32_t> new_id(kVocabulary);
  for (std::int32_t i = 0; i < kVocabulary; ++i)
    new_id[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = i;
  for (Text& text : texts)
    for (std::int32_t& id : text) id = new_id[static_cast<std::size_t>(id)];
  for (const auto& [name, rows] : {std::pair{"bert.embeddings.word_embeddings.weight", order},
                                   std::pair{"classifier.weight", labels}, std::pair{"classifier.bias", labels}})
    tensors[name] = rows_in_order(tensors.at(name), rows);
  const std::vector<float> actual = answers(bert::model_of(config_of(), tensors), packed(texts));
  for (std::size_t text = 0; text < texts.size(); ++text)
    for (std::size_t c = 0; c < 4; ++c)
      CHECK(actual[4 * text + c] == expected[4 * text + static_cast<std::size_t>(labels[c])]);
}

TEST_CASE("tokens of a text in another order, each with its position, have the same mean") {
  const bert::Model model = bert::model_of(config_of(), drawn());
  const bert::Input input = packed(some_texts());
  bert::Input other = input;
  const auto& offsets = input.sequences->offsets;
  for (std::size_t text = 0; text + 1 < offsets.size(); ++text) {
    const auto begin = static_cast<std::size_t>(offsets[text]), n = static_cast<std::size_t>(offsets[text + 1]) - begin;
    const std::vector<std::int64_t> order = shuffled(static_cast<std::int64_t>(n), text);
    for (std::size_t i = 0; i < n; ++i) {
      other.ids[begin + i] = input.ids[begin + static_cast<std::size_t>(order[i])];
      other.positions[begin + i] = input.positions[begin + static_cast<std::size_t>(order[i])];
    }
  }
  CHECK(difference(answers(model, other), answers(model, input)) < kReordered);
}

TEST_CASE("what is added to every key changes no answer") {
  const bert::Input input = packed(some_texts());
  Tensors tensors = drawn();
  const std::vector<float> expected = answers(bert::model_of(config_of(), tensors), input);
  for (float& b : tensors.at("bert.encoder.layer.0.attention.self.key.bias").span()) b += 0.5f;
  CHECK(difference(answers(bert::model_of(config_of(), tensors), input), expected) < kReordered);
}

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string_view>

#include "bert/heads/masked_lm.h"
#include "bert/heads/sequence_classification.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using namespace ingot::bert;
using engine::Json;
using engine::Variable;

namespace {

Config small_config(const Head& head) {
  Config config{.head = &head,
                .vocab_size = 40,
                .hidden_size = 16,
                .num_hidden_layers = 1,
                .num_attention_heads = 2,
                .intermediate_size = 24,
                .max_position_embeddings = 12};
  for (std::int64_t i = 0; i < head.n_default_labels; ++i) config.label_names.push_back("label " + std::to_string(i));
  return config;
}

Input two_texts() {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0, 3, 5};
  return {.ids = {2, 7, 3, 2, 9}, .positions = {0, 1, 2, 0, 1}, .token_types = {0, 0, 0, 0, 0}, .sequences = sequences};
}

}  // namespace

TEST_CASE("a head is found by each of its classes, and every class belongs to one") {
  std::set<std::string_view> listed;
  for (const std::string_view name : architectures()) CHECK(listed.insert(name).second);
  for (const Head* head : heads()) {
    CHECK(head->architectures.front() == architecture(*head));
    for (const std::string_view name : head->architectures) {
      CHECK(listed.contains(name));
      if (head->claims == nullptr) CHECK(find_head(name, Json::object()) == head);
    }
  }
  CHECK(find_head("BertForPreTraining", Json::object()) == &kMaskedLm);
  CHECK(find_head("BertForQuestionAnswering", Json::object()) == nullptr);
}

TEST_CASE("the outputs of every head have the rows and numbers that its row says, and a loss to learn from") {
  for (const Head* head : heads()) {
    const Config config = small_config(*head);
    CAPTURE(architecture(*head));
    const Model model = make_model(config, 1);
    CHECK((head->rows == Head::Rows::none) == (head->outputs == nullptr));
    if (head->rows == Head::Rows::none) continue;
    const Input input = two_texts();
    engine::DropoutStreams off;
    const Variable outputs = model.outputs(model.encode(input, off), input, off);
    const std::int64_t n_rows = head->rows == Head::Rows::texts ? 2 : 5;
    CHECK(outputs.value().n_rows() == n_rows);
    CHECK(outputs.value().columns() == head->n_outputs(config));
    const std::vector<std::int32_t> labels(static_cast<std::size_t>(n_rows), 1);
    const std::vector<float> numbers(static_cast<std::size_t>(outputs.value().size()), 1);
    const bool is_numbers = head->answers == data::Answers::labels || head->answers == data::Answers::numbers;
    const Variable loss = head->loss(outputs, is_numbers ? Targets{.numbers = numbers} : Targets{.labels = labels});
    CHECK(loss.value().size() == 1);
    CHECK(loss.value().data()[0] >= 0);
    engine::backward(loss);
    if (head->parts == nullptr) continue;
    for (const Part& part : head->parts(config)) {
      if (part.kind == Kind::linear) CHECK(model.head.linears.at(part.name).weight.has_gradient());
    }
  }
}

TEST_CASE("a model of every head comes back from its Hugging Face folder") {
  const test::TemporaryFolder folder;
  for (const Head* head : heads()) {
    const Model model = make_model(small_config(*head), 2);
    save_model(folder / "m", model);
    const Model read = load_model(folder / "m");
    CHECK(read.config == model.config);
    const std::vector<engine::Parameter> a = model.parameters(), b = read.parameters();
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK(a[i].name == b[i].name);
      CHECK(std::equal(a[i].variable.value().span().begin(), a[i].variable.value().span().end(),
                       b[i].variable.value().span().begin()));
    }
  }
}

TEST_CASE("heads start from the body of a model of any other") {
  const test::TemporaryFolder folder;
  for (const Head* from : heads()) {
    const Model start = make_model(small_config(*from), 3);
    save_model(folder / "m", start);
    for (const Head* to : heads()) {
      const Model model = model_from_body(folder / "m", small_config(*to), 4);
      CHECK(model.layers[0].key.weight.value().data()[5] == start.layers[0].key.weight.value().data()[5]);
    }
  }
}

TEST_CASE("a classifier is measured by accuracy, F1 and loss") {
  const std::vector<float> probabilities{0.75f, 0.25f, 0.5f, 0.5f, 0.125f, 0.875f};
  const std::vector<std::int32_t> labels{0, 1, 1};
  Evaluation e;
  kSequenceClassification.measure({}, probabilities, {.labels = labels}, e);
  CHECK(e.predictions == std::vector<std::int32_t>{0, 0, 1});
  CHECK(e.accuracy == doctest::Approx(2.0 / 3));
  CHECK(e.loss == doctest::Approx(-(std::log(0.75) + std::log(0.5) + std::log(0.875)) / 3));
  CHECK(metric_from_name(kSequenceClassification, "f1").value(e) == e.macro_f1);
  CHECK(metric_from_name(kSequenceClassification, "loss").lower_is_better);
}

TEST_CASE("masked tokens are predicted at the rows that are asked for, and the loss is that of their logits") {
  const Model model = make_model(small_config(kMaskedLm), 5);
  const Input input = two_texts();
  engine::DropoutStreams off;
  const Variable hidden = model.encode(input, off);
  const Variable all = model.outputs(hidden, input, off), some = predict_tokens(model, hidden, {1, 4});
  for (std::int64_t j = 0; j < 40; ++j) {
    CHECK(some.value().data()[j] == doctest::Approx(all.value().data()[40 + j]).epsilon(1e-5));
    CHECK(some.value().data()[40 + j] == doctest::Approx(all.value().data()[160 + j]).epsilon(1e-5));
  }
  const std::vector<std::int32_t> labels{7, 9};
  const float loss = predict_tokens_loss(model, hidden, {1, 4}, labels).value().data()[0];
  CHECK(loss == doctest::Approx(kMaskedLm.loss(some, {.labels = labels}).value().data()[0]).epsilon(1e-5));
}

TEST_CASE("masked tokens are predicted in bfloat16 where the model's sums are so, the decoder's too") {
  const Model model = make_model(small_config(kMaskedLm), 5);
  const Input input = two_texts();
  engine::DropoutStreams off;
  const Variable hidden = model.encode(input, off);
  Model decoder = model;  // its Linears stay in float32
  decoder.sums = engine::Sums::bf16;
  const std::vector<std::int32_t> labels{7, 9};
  const auto logit = [&](const Model& m) { return predict_tokens(m, hidden, {1, 4}).value().data()[3]; };
  const auto loss = [&](const Model& m) { return predict_tokens_loss(m, hidden, {1, 4}, labels).value().data()[0]; };
  CHECK(logit(decoder) != logit(model));
  CHECK(logit(decoder) == doctest::Approx(logit(model)).epsilon(0.02));
  CHECK(loss(decoder) != loss(model));
  CHECK(loss(decoder) == doctest::Approx(loss(model)).epsilon(0.01));
}

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>

#include "bert/checkpoint.h"
#include "bert/heads/masked_lm.h"
#include "bert/model.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using bert::Config;
using bert::Model;
using engine::Variable;

namespace {

Config small_config(const bert::Head& head) {
  return {.head = &head,
          .vocab_size = 40,
          .hidden_size = 16,
          .num_hidden_layers = 2,
          .num_attention_heads = 2,
          .intermediate_size = 24,
          .max_position_embeddings = 12,
          .label_names = {"a", "b", "c"}};
}

bert::Input two_texts() {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0, 3, 5};
  return {.ids = {2, 7, 3, 2, 9}, .positions = {0, 1, 2, 0, 1}, .token_types = {0, 0, 0, 0, 0}, .sequences = sequences};
}

Variable logits(const Model& model, const bert::Input& input, engine::DropoutStreams streams = {}) {
  return model.outputs(model.encode(input, streams), input, streams);
}

bool same_bits(const engine::Tensor& a, const engine::Tensor& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("a model's parameters carry the names and shapes of its checkpoint, in that order") {
  for (const bert::Head* head : bert::heads()) {
    const Config config = small_config(*head);
    const std::vector<engine::Parameter> parameters = bert::make_model(config, 1).parameters();
    const std::vector<bert::ParameterSpec> specs = bert::parameter_specs(config);
    REQUIRE(parameters.size() == specs.size());
    for (std::size_t i = 0; i < specs.size(); ++i) {
      CHECK(parameters[i].name == specs[i].name);
      CHECK(parameters[i].variable.shape() == engine::Shape(std::span<const std::int64_t>(specs[i].shape)));
    }
  }
}

TEST_CASE("fresh weights are drawn as BERT draws them, from the seed alone") {
  Config config = small_config(bert::kSequenceClassification);
  config.vocab_size = 3000;
  const Model a = bert::make_model(config, 7), b = bert::make_model(config, 7), c = bert::make_model(config, 8);
  const engine::Tensor words = a.embeddings.word.weight.value();
  CHECK(same_bits(words, b.embeddings.word.weight.value()));
  CHECK_FALSE(same_bits(words, c.embeddings.word.weight.value()));
  double sum = 0, squares = 0;
  for (std::int64_t i = 16; i < words.size(); ++i) {
    sum += words.data()[i];
    squares += double(words.data()[i]) * words.data()[i];
  }
  const auto n = static_cast<double>(words.size() - 16);
  CHECK(std::abs(sum / n) < 4 * 0.02 / std::sqrt(n));
  CHECK(std::sqrt(squares / n) == doctest::Approx(0.02).epsilon(0.02));
  for (std::int64_t i = 0; i < 16; ++i) CHECK(words.data()[i] == 0);  // [PAD]
  CHECK(a.layers[1].output_norm.weight.value().data()[3] == 1);
  CHECK(a.layers[1].output.bias.value().data()[3] == 0);
}

TEST_CASE("dropout changes with the step, repeats with it, and is off in evaluation") {
  const Model model = bert::make_model(small_config(bert::kSequenceClassification), 1);
  const bert::Input input = two_texts();
  const engine::Tensor off = logits(model, input).value();
  const engine::Tensor first = logits(model, input, engine::DropoutStreams(1, 0)).value();
  CHECK(same_bits(off, logits(model, input).value()));
  CHECK_FALSE(same_bits(off, first));
  CHECK(same_bits(first, logits(model, input, engine::DropoutStreams(1, 0)).value()));
  CHECK_FALSE(same_bits(first, logits(model, input, engine::DropoutStreams(1, 1)).value()));
  CHECK_FALSE(same_bits(first, logits(model, input, engine::DropoutStreams(2, 0)).value()));
}

TEST_CASE("a checkpoint gives back the model that wrote it") {
  const test::TemporaryFolder folder;
  for (const bert::Pooling pooling : {bert::Pooling::cls, bert::Pooling::mean}) {
    Config config = small_config(bert::kSequenceClassification);
    config.pooling = pooling;
    const Model model = bert::make_model(config, 3);
    bert::save_model(folder / "m", model);
    const Model read = bert::load_model(folder / "m");
    CHECK(read.config == config);
    CHECK(same_bits(logits(model, two_texts()).value(), logits(read, two_texts()).value()));
  }
}

TEST_CASE("the body of a masked language model serves a classifier, and another size does not") {
  const test::TemporaryFolder folder;
  const Model language = bert::make_model(small_config(bert::kMaskedLm), 3);
  bert::save_model(folder / "m", language);
  const Config config = small_config(bert::kSequenceClassification);
  const Model model = bert::model_from_body(folder / "m", config, 4);
  CHECK(same_bits(model.layers[1].key.weight.value(), language.layers[1].key.weight.value()));
  CHECK(same_bits(model.head.linears.at("classifier").weight.value(),
                  bert::make_model(config, 4).head.linears.at("classifier").weight.value()));
  Config wider = config;
  wider.intermediate_size = 32;
  CHECK(test::contains(test::error_text([&] { bert::model_from_body(folder / "m", wider, 4); }), "intermediate"));
}

TEST_CASE("a Linear that is left out computes and learns as one with the identity matrix, fixed") {
  const test::TemporaryFolder folder;
  const Config whole_config = small_config(bert::kSequenceClassification);
  const Model whole = bert::make_model(whole_config, 5);
  std::map<std::string, engine::Tensor> tensors;
  for (const engine::Parameter& p : whole.parameters()) tensors[p.name] = p.variable.value();
  for (const char* which :
       {"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"}) {
    CAPTURE(which);
    Config config = whole_config;
    config.identities = {fmt::format("bert.encoder.layer.1.{}", which), "bert.encoder.layer.0.attention.self.key"};
    auto fixed = tensors;
    for (const std::string& name : config.identities) {
      engine::Tensor weight = engine::Tensor::zeros({16, 16});
      for (std::int64_t i = 0; i < 16; ++i) weight.data()[17 * i] = 1;
      fixed[name + ".weight"] = weight;
    }
    Model expected = bert::model_of(whole_config, fixed), model = bert::model_of(config, tensors);
    CHECK(model.parameters().size() == expected.parameters().size() - 4);
    CHECK(model.linears().size() == 12);
    const Variable want = logits(expected, two_texts()), got = logits(model, two_texts());
    for (std::int64_t i = 0; i < want.value().size(); ++i) {
      CHECK(got.value().data()[i] == doctest::Approx(want.value().data()[i]).epsilon(1e-5));
    }
    engine::backward(engine::cross_entropy(want, std::vector<std::int32_t>{0, 2}));
    engine::backward(engine::cross_entropy(got, std::vector<std::int32_t>{0, 2}));
    std::map<std::string, Variable> by_name;
    for (const engine::Parameter& p : expected.parameters()) by_name[p.name] = p.variable;
    for (const engine::Parameter& p : model.parameters()) {
      CAPTURE(p.name);
      const engine::Tensor a = p.variable.gradient(), b = by_name.at(p.name).gradient();
      double error = 0, norm = 0;
      for (std::int64_t i = 0; i < a.size(); ++i) {
        error += std::pow(double(a.data()[i]) - b.data()[i], 2);
        norm += std::pow(double(b.data()[i]), 2);
      }
      CHECK(std::sqrt(error) <= 1e-5 * std::sqrt(norm) + 1e-9);
    }
    bert::save_model(folder / "m", model);
    const Model read = bert::load_model(folder / "m");
    CHECK(read.config == config);
    CHECK(same_bits(got.value(), logits(read, two_texts()).value()));
  }
}

TEST_CASE("transforms change the input, weight, bias and output of the layer they are attached to") {
  const auto times = [](float factor) {
    return [factor](const Variable& x) {
      engine::Tensor y = x.value().clone();
      for (float& v : y.span()) v *= factor;
      return engine::record(y, {x}, [x, factor](const engine::Tensor& dy) {
        engine::Tensor dx = dy.clone();
        for (float& v : dx.span()) v *= factor;
        x.add_gradient(dx);
      });
    };
  };
  Model model = bert::make_model(small_config(bert::kSequenceClassification), 1);
  CHECK(model.linears().size() == 14);
  engine::Linear& classifier = model.head.linears.at("classifier");
  classifier.bias.value().data()[0] = 0.25f;
  const engine::Tensor plain = logits(model, two_texts()).value();
  classifier.transforms = std::make_shared<engine::TensorTransforms>(
      engine::TensorTransforms{.input = times(2), .weight = times(3), .bias = times(6), .output = times(0.5f)});
  const Variable changed = logits(model, two_texts());
  for (std::int64_t i = 0; i < plain.size(); ++i)
    CHECK(changed.value().data()[i] == doctest::Approx(3 * plain.data()[i]));
  engine::backward(engine::sum(changed));
  CHECK(classifier.bias.gradient().data()[0] == doctest::Approx(2 * 6 * 0.5));

  model.embeddings.word.transforms =
      std::make_shared<engine::TensorTransforms>(engine::TensorTransforms{.weight = times(0)});
  CHECK_FALSE(same_bits(changed.value(), logits(model, two_texts()).value()));
}

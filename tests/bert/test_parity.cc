// Against Hugging Face transformers: activations, gradients and ten steps of AdamW (tests/golden/bert/versions.json),
// and the heads of all tasks (tests/golden/bert/heads/make.py).
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "bert/head.h"
#include "bert/model.h"
#include "engine/autograd/loss.h"
#include "engine/io/safetensors.h"
#include "engine/optim/adamw.h"

using namespace ingot;
using engine::Safetensors;
using engine::Variable;
namespace fs = std::filesystem;

namespace {

fs::path golden(const std::string& task) { return fs::path(INGOT_GOLDEN) / "bert" / task; }

struct Reference {
  explicit Reference(const std::string& task)
      : file(golden(task) / "reference.safetensors"), model(bert::load_model(golden(task))) {
    const auto ints = [&](const char* name) {
      std::vector<std::int32_t> values;
      for (const std::int64_t v : file.integers(*file.find(name))) values.push_back(static_cast<std::int32_t>(v));
      return values;
    };
    const std::vector<std::int64_t>& shape = file.find("input_ids")->shape;
    input.ids = ints("input_ids");
    input.token_types = ints("token_type_ids");
    if (const engine::SafetensorsEntry* entry = file.find("labels"); entry != nullptr) {
      if (entry->dtype == "F32") {
        numbers = file.floats(*entry);
      } else {
        labels = ints("labels");
      }
    }
    auto sequences = std::make_shared<engine::Sequences>();
    for (const std::int32_t m : ints("attention_mask")) sequences->key_visible.push_back(static_cast<std::uint8_t>(m));
    for (std::int64_t i = 0; i <= shape[0]; ++i) sequences->offsets.push_back(static_cast<std::int32_t>(i * shape[1]));
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i)
      input.positions.push_back(static_cast<std::int32_t>(i % shape[1]));
    input.sequences = sequences;
  }

  std::vector<float> values(const std::string& name) const {
    const engine::SafetensorsEntry* entry = file.find(name);
    REQUIRE_MESSAGE(entry != nullptr, name);
    return file.floats(*entry);
  }

  Variable logits(bert::EncoderStates* states = nullptr) const {
    engine::DropoutStreams off;
    return model.outputs(model.encode(input, off, states), input, off);
  }

  Safetensors file;
  bert::Model model;
  bert::Input input;
  std::vector<std::int32_t> labels;
  std::vector<float> numbers;  // of tasks that learn numbers instead
};

double largest_difference(const std::vector<float>& expected, const engine::Tensor& actual) {
  REQUIRE(static_cast<std::int64_t>(expected.size()) == actual.size());
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    largest = std::max(largest, std::abs(double(expected[i]) - actual.data()[i]));
  return largest;
}

double norm(const std::vector<float>& values) {
  double total = 0;
  for (const float v : values) total += double(v) * v;
  return std::sqrt(total);
}

double difference_norm(const std::vector<float>& expected, const engine::Tensor& actual) {
  REQUIRE(static_cast<std::int64_t>(expected.size()) == actual.size());
  double total = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) total += std::pow(double(expected[i]) - actual.data()[i], 2);
  return std::sqrt(total);
}

const std::vector<std::string> kTasks{"sequence-classification", "masked-lm"};

}  // namespace

TEST_CASE("logits, hidden states and loss agree with Hugging Face within 2e-5") {
  for (const std::string& task : kTasks) {
    INFO(task);
    const Reference reference(task);
    bert::EncoderStates states;
    const Variable logits = reference.logits(&states);
    CHECK(largest_difference(reference.values("logits"), logits.value()) < 2e-5);
    REQUIRE(states.hidden.size() == 3);
    for (std::size_t i = 0; i < states.hidden.size(); ++i) {
      CHECK(largest_difference(reference.values("hidden_states." + std::to_string(i)), states.hidden[i].value()) <
            2e-5);
    }
    CHECK(largest_difference(reference.values("loss"), engine::cross_entropy(logits, reference.labels).value()) < 2e-5);
  }
}

TEST_CASE("every gradient agrees with Hugging Face within 1e-4 of its norm") {
  for (const std::string& task : kTasks) {
    const Reference reference(task);
    engine::backward(engine::cross_entropy(reference.logits(), reference.labels));
    for (const engine::Parameter& p : reference.model.parameters()) {
      INFO(task, " ", p.name);
      const std::vector<float> expected = reference.values("grad." + p.name);
      if (p.name.ends_with("self.key.bias")) {  // exactly 0 in real arithmetic: softmax ignores a shift of all scores
        CHECK(largest_difference(expected, p.variable.gradient()) < 1e-6);
      } else {
        CHECK(difference_norm(expected, p.variable.gradient()) <= 1e-4 * norm(expected));
      }
    }
  }
}

TEST_CASE("ten steps of AdamW follow PyTorch") {
  for (const std::string& task : kTasks) {
    const Reference reference(task);
    engine::AdamW optimizer({{reference.model.parameters(), 0.01f}});
    const std::vector<float> losses = reference.values("adamw.losses");
    REQUIRE(losses.size() == 10);
    for (std::size_t step = 0; step < losses.size(); ++step) {
      INFO(task, " step ", step);
      optimizer.clear_gradients();
      const Variable loss = engine::cross_entropy(reference.logits(), reference.labels);
      CHECK(loss.value().data()[0] == doctest::Approx(losses[step]).epsilon(step < 5 ? 1e-4 : 1e-2));
      engine::backward(loss);
      optimizer.step(1e-2f, optimizer.gradient_norm(), 1.0);
    }
    for (const engine::Parameter& p : reference.model.parameters()) {
      if (p.name.ends_with("self.key.bias")) continue;  // Adam divides rounding noise by its own size there
      INFO(task, " ", p.name);
      CHECK(largest_difference(reference.values("adamw." + p.name), p.variable.value()) < 5e-3);
    }
  }
}

TEST_CASE("outputs, loss and gradients of every task agree with Hugging Face") {
  for (const auto& [task, word] : std::map<std::string, std::string>{{"pairs", "single-label"},
                                                                     {"regression", "regression"},
                                                                     {"several-numbers", "regression"},
                                                                     {"multi-label", "multi-label"},
                                                                     {"tokens", "tokens"},
                                                                     {"embedding", "embedding"}}) {
    INFO(task);
    const Reference reference("heads/" + task);
    const bert::Head& head = *reference.model.config.head;
    CHECK(head.task == word);
    const Variable outputs = reference.logits();
    const double most = task == "several-numbers" || task == "regression" ? 2e-4 : 2e-5;  // losses of tens
    CHECK(largest_difference(reference.values("logits"), outputs.value()) < 2e-5);
    const Variable loss = head.loss(outputs, {.labels = reference.labels, .numbers = reference.numbers});
    CHECK(largest_difference(reference.values("loss"), loss.value()) < most);
    engine::backward(loss);
    for (const engine::Parameter& p : reference.model.parameters()) {
      INFO(p.name);
      const std::string name = head.is_bare ? p.name.substr(std::string("bert.").size()) : p.name;
      const std::vector<float> expected = reference.values("grad." + name);
      if (p.name.ends_with("self.key.bias")) {
        CHECK(largest_difference(expected, p.variable.gradient()) < 1e-5);
      } else {
        CHECK(difference_norm(expected, p.variable.gradient()) <= 1e-4 * norm(expected));
      }
    }
  }
}

TEST_CASE("packing sequences without padding gives the logits that padding gives") {
  const Reference reference("sequence-classification");
  const std::vector<float> expected = reference.values("logits");
  const engine::Sequences& padded = *reference.input.sequences;
  bert::Input packed;
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets.push_back(0);
  for (std::size_t row = 0; row < reference.input.ids.size(); ++row) {
    if (padded.key_visible[row] != 0) {
      packed.ids.push_back(reference.input.ids[row]);
      packed.positions.push_back(reference.input.positions[row]);
      packed.token_types.push_back(reference.input.token_types[row]);
    }
    const bool last = static_cast<std::int64_t>(row) + 1 == padded.offsets[sequences->offsets.size()];
    if (last) sequences->offsets.push_back(static_cast<std::int32_t>(packed.ids.size()));
  }
  REQUIRE(packed.ids.size() < reference.input.ids.size());
  packed.sequences = sequences;
  engine::DropoutStreams off;
  const Variable logits = reference.model.outputs(reference.model.encode(packed, off), packed, off);
  CHECK(largest_difference(expected, logits.value()) < 2e-5);
}

// What inspect() says of a text, against finite differences and the attention that the model computes with.
#include <doctest/doctest.h>

#include <cmath>

#include "bert/head.h"
#include "bert/inspection.h"
#include "tests/bert/toy.h"

namespace ingot {
namespace {

using bert::Model;
using engine::Tensor;
using engine::Variable;

// Ids that occur once each, so that a row of the table is a token.
bert::Input text() {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0, 6};
  return {.ids = {2, 11, 5, 23, 9, 3},
          .positions = {0, 1, 2, 3, 4, 5},
          .token_types = {0, 0, 0, 0, 0, 0},
          .sequences = sequences};
}

double output(const Model& model, const bert::Input& input, std::size_t i) {
  const engine::NoGradient no_gradient;
  engine::DropoutStreams off;
  return static_cast<double>(model.outputs(model.encode(input, off), input, off).value().data()[i]);
}

// The output with the word embedding of one id multiplied.
double output_scaled(const Model& model, const bert::Input& input, std::size_t i, std::int32_t id, float factor) {
  const Tensor& table = model.embeddings.word.weight.value();
  float* row = table.data() + id * table.columns();
  const std::vector<float> before(row, row + table.columns());
  for (std::int64_t j = 0; j < table.columns(); ++j) row[j] *= factor;
  const double value = output(model, input, i);
  std::copy(before.begin(), before.end(), row);
  return value;
}

TEST_CASE("a token's share is the slope of the largest logit as its word embedding grows") {
  const Model model = test::Toy::model();
  const bert::Input input = text();
  const bert::Inspection found = bert::inspect(model, input);
  REQUIRE(found.shares.size() == 6);
  CHECK(found.outputs[found.explained] >= found.outputs[1 - found.explained]);
  CHECK(static_cast<double>(found.outputs[0]) == doctest::Approx(output(model, input, 0)).epsilon(1e-6));
  double largest = 0;
  for (std::size_t t = 0; t < 6; ++t) {
    // Central differences: the error is of the order of step^2 and of 1e-7 / step.
    constexpr float kStep = 0.01f;
    const double slope = (output_scaled(model, input, found.explained, input.ids[t], 1 + kStep) -
                          output_scaled(model, input, found.explained, input.ids[t], 1 - kStep)) /
                         (2 * static_cast<double>(kStep));
    CHECK(std::abs(found.shares[t] - slope) < 2e-4);
    largest = std::max(largest, std::abs(slope));
  }
  CHECK(largest > 0.01);
  for (const engine::Parameter& parameter : model.parameters()) CHECK_FALSE(parameter.variable.has_gradient());
}

TEST_CASE("rows of attention maps sum to 1 and are what the model's attention does to a matrix of ones and zeros") {
  const Model model = test::Toy::model();
  const bert::Input input = text();
  const bert::Inspection found = bert::inspect(model, input);
  REQUIRE(found.attention.size() == 2);
  for (const engine::QueryAndKey& layer : found.attention) {
    const std::int64_t n = 6, size = 32 / layer.n_heads;
    // With one value of 1 for each token, in the column of its number, the context of a head is its probabilities.
    const Tensor value = Tensor::zeros({n, 32});
    for (std::int64_t head = 0; head < layer.n_heads; ++head)
      for (std::int64_t k = 0; k < n; ++k) value.data()[k * 32 + head * size + k] = 1;
    const Tensor context =
        engine::attention(layer.query, layer.key, Variable(value), input.sequences, layer.n_heads).value();
    for (std::int64_t head = 0; head < layer.n_heads; ++head) {
      const Tensor map = bert::attention_map(layer, head);
      for (std::int64_t i = 0; i < n; ++i) {
        double sum = 0;
        for (std::int64_t k = 0; k < n; ++k) {
          const float p = map.data()[i * n + k];
          sum += static_cast<double>(p);
          CHECK(std::abs(p - context.data()[i * 32 + head * size + k]) < 1e-6f);
        }
        CHECK(sum == doctest::Approx(1).epsilon(1e-6));
      }
    }
  }
}

}  // namespace
}  // namespace ingot

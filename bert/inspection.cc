#include "bert/inspection.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "bert/head.h"

namespace ingot::bert {

using engine::Tensor;
using engine::Variable;

namespace {

// For each row the sum of the products of both tensors.
std::vector<double> row_products(const Tensor& a, const Tensor& b) {
  const std::int64_t n = a.columns();
  std::vector<double> sums(static_cast<std::size_t>(a.n_rows()));
  for (std::size_t row = 0; row < sums.size(); ++row) {
    const std::int64_t begin = static_cast<std::int64_t>(row) * n;
    for (std::int64_t j = begin; j < begin + n; ++j)
      sums[row] += static_cast<double>(a.data()[j]) * static_cast<double>(b.data()[j]);
  }
  return sums;
}

}  // namespace

Inspection inspect(const Model& model, const Input& input) {
  assert(input.sequences->size() == 1 && model.config.head->rows == Head::Rows::texts);
  engine::DropoutStreams off;
  EncoderStates states;
  // The sum of all embeddings begins the graph: its gradient is that of each of them.
  const Variable embedded(model.embeddings.sum(input).value(), true);
  Variable hidden = model.embeddings.norm(embedded);
  for (const EncoderLayer& layer : model.layers) hidden = layer(hidden, input, off, &states);
  const Variable outputs = model.outputs(hidden, input, off);
  const auto values = outputs.value().span();
  Inspection found{.outputs = {values.begin(), values.end()}, .shares = {}, .attention = std::move(states.attention)};
  found.explained = static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
  const Tensor seed = Tensor::zeros(outputs.shape());
  seed.data()[found.explained] = 1;
  engine::backward(outputs, seed);
  for (engine::Parameter& parameter : model.parameters()) parameter.variable.clear_gradient();
  const Variable words = engine::embedding({{model.embeddings.word.table(), input.ids}});
  found.shares = row_products(words.value(), embedded.gradient());
  return found;
}

Tensor attention_map(const engine::QueryAndKey& layer, std::int64_t head) {
  const Tensor &query = layer.query.value(), &key = layer.key.value();
  const std::int64_t n = query.n_rows(), width = query.columns(), size = width / layer.n_heads;
  const Tensor map = Tensor::empty({n, n});
  std::vector<double> scores(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < n; ++k) {
      double sum = 0;
      for (std::int64_t j = head * size; j < (head + 1) * size; ++j)
        sum += static_cast<double>(query.data()[i * width + j]) * static_cast<double>(key.data()[k * width + j]);
      scores[static_cast<std::size_t>(k)] = sum / std::sqrt(static_cast<double>(size));
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - largest);
    for (std::int64_t k = 0; k < n; ++k)
      map.data()[i * n + k] = static_cast<float>(scores[static_cast<std::size_t>(k)] / total);
  }
  return map;
}

}  // namespace ingot::bert

#include "pipeline/ngrams/ngram_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "pipeline/ngrams/design.h"
#include "pipeline/ngrams/logistic_regression.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kMostWeights = std::size_t{1} << 29;

// log(1 / (1 + exp(-margin))) without overflow.
double log_probability(double margin) { return std::min(margin, 0.0) - std::log1p(std::exp(-std::abs(margin))); }

void compute_logits(const NgramModel& model, std::span<const std::uint32_t> row, double temperature, float* logits) {
  std::vector<double> margins(model.biases);
  for (const std::uint32_t bucket : row) {
    const std::uint32_t column = model.columns[bucket];
    if (column == NgramModel::kNoColumn) continue;
    const float* weights = &model.weights[column * model.n_regressions];
    for (std::size_t k = 0; k < model.n_regressions; ++k) margins[k] += weights[k];
  }
  if (model.n_regressions == 1) {
    logits[1] = static_cast<float>(margins[0] / temperature / 2);
    logits[0] = -logits[1];
    return;
  }
  for (std::size_t k = 0; k < model.n_regressions; ++k)
    logits[k] = static_cast<float>(log_probability(margins[k]) / temperature);
}

}  // namespace

NgramModel fit_ngram_model(const FeatureRows& rows, std::span<const std::size_t> examples,
                           std::span<const std::int32_t> labels, std::size_t n_classes, const NgramFitting& fitting,
                           const CountProgress& progress) {
  const Design x(rows, examples, fitting.ngrams.n_buckets());
  NgramModel model{.ngrams = fitting.ngrams, .n_classes = n_classes, .n_regressions = n_classes == 2 ? 1 : n_classes};
  engine::require(x.n_columns() <= kMostWeights / model.n_regressions,
                  "n-grams: {} of them for {} labels are more than {} weights; take fewer buckets", x.n_columns(),
                  n_classes, kMostWeights);
  model.columns.assign(fitting.ngrams.n_buckets(), NgramModel::kNoColumn);
  for (std::size_t j = 0; j < x.n_columns(); ++j) model.columns[x.buckets()[j]] = static_cast<std::uint32_t>(j);
  model.weights.resize(x.n_columns() * model.n_regressions);
  std::vector<std::uint8_t> positive(examples.size());
  for (std::size_t k = 0; k < model.n_regressions; ++k) {
    const auto label = static_cast<std::int32_t>(n_classes == 2 ? 1 : k);
    for (std::size_t i = 0; i < examples.size(); ++i) positive[i] = labels[examples[i]] == label;
    const LogisticRegression::Solution found =
        LogisticRegression(x, log_count_ratios(x, positive), positive, fitting.c).solve();
    for (std::size_t j = 0; j < x.n_columns(); ++j)
      model.weights[j * model.n_regressions + k] = static_cast<float>(found.weights[j]);
    model.biases.push_back(found.bias);
    model.loss += found.loss;
    model.n_iterations += found.n_iterations;
    if (progress) progress(static_cast<std::int64_t>(k + 1), static_cast<std::int64_t>(model.n_regressions));
  }
  return model;
}

std::vector<float> ngram_logits(const NgramModel& model, const FeatureRows& rows, std::span<const std::size_t> examples,
                                double temperature) {
  std::vector<float> logits(examples.size() * model.n_classes);
  engine::parallel_for(static_cast<std::int64_t>(examples.size()), 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      compute_logits(model, rows.row(examples[i]), temperature, &logits[i * model.n_classes]);
  });
  return logits;
}

std::vector<float> ngram_logits(const NgramModel& model, std::span<const std::string_view> texts,
                                std::size_t texts_per_example, double temperature, const CountProgress& progress) {
  constexpr std::size_t kBlock = 4096;  // examples
  const std::size_t n = texts.size() / texts_per_example;
  std::vector<float> all;
  all.reserve(n * model.n_classes);
  for (std::size_t first = 0; first < n; first += kBlock) {
    const std::size_t size = std::min(kBlock, n - first);
    const FeatureRows rows = feature_rows(texts.subspan(first * texts_per_example, size * texts_per_example),
                                          texts_per_example, model.ngrams);
    std::vector<std::size_t> examples(size);
    std::iota(examples.begin(), examples.end(), std::size_t{0});
    const std::vector<float> logits = ngram_logits(model, rows, examples, temperature);
    all.insert(all.end(), logits.begin(), logits.end());
    if (progress) progress(static_cast<std::int64_t>(first + size), static_cast<std::int64_t>(n));
  }
  return all;
}

}  // namespace ingot::pipeline

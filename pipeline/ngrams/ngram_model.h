// A classifier that reads n-grams: logistic regressions on naive-Bayes weights ("NBSVM": Wang and Manning, "Baselines
// and Bigrams: Simple, Good Sentiment and Topic Classification", ACL 2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/ngrams/features.h"

namespace ingot::pipeline {

struct NgramFitting {
  NgramOptions ngrams;
  double c = 0.5;  // of LogisticRegression: weight of the losses beside the penalty; above 0
};

struct NgramModel {
  NgramOptions ngrams;
  std::size_t n_classes = 0;
  // Two classes have one regression with margin z, and logits -z / 2 and z / 2, of which the softmax makes its
  // probabilities. More have one a class, it against the rest. Logits are the logs of the probabilities: their softmax
  // was nearer to labels of WordNet's glosses than that of the margins (cross-entropy 0.675 and 0.681).
  std::size_t n_regressions = 0;
  std::vector<std::uint32_t> columns;  // [n_buckets], of each bucket; kNoColumn if no training text has it
  std::vector<float> weights;          // [n_columns, n_regressions]
  std::vector<double> biases;          // [n_regressions]
  double loss = 0;                     // of all regressions, with penalty, at their minima
  std::int64_t n_iterations = 0;       // of all regressions

  static constexpr std::uint32_t kNoColumn = 0xffffffff;
  std::size_t n_columns() const { return weights.size() / n_regressions; }
};

// Fits a model on those rows; `labels` are of all rows, at least 0 and below n_classes, which is at least 2. A class
// that none of the rows has gets a logit of its count alone. Throws Error if the weights would take more than 2 GiB.
NgramModel fit_ngram_model(const FeatureRows& rows, std::span<const std::size_t> examples,
                           std::span<const std::int32_t> labels, std::size_t n_classes, const NgramFitting& fitting,
                           const CountProgress& progress = {});

// The logits of those rows, [n, n_classes], divided by the temperature. Works with all threads.
std::vector<float> ngram_logits(const NgramModel& model, const FeatureRows& rows, std::span<const std::size_t> examples,
                                double temperature = 1);

// The same for texts, [n examples, texts_per_example], whose features are in memory for some thousands at a time.
std::vector<float> ngram_logits(const NgramModel& model, std::span<const std::string_view> texts,
                                std::size_t texts_per_example, double temperature = 1,
                                const CountProgress& progress = {});

}  // namespace ingot::pipeline

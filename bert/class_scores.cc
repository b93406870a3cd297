#include "bert/class_scores.h"

#include <cstddef>

namespace ingot::bert {

namespace {

std::optional<double> share(double part, std::int64_t whole) {
  return whole > 0 ? std::optional(part / static_cast<double>(whole)) : std::nullopt;
}

}  // namespace

std::optional<double> ClassCounts::precision() const { return share(static_cast<double>(hits), predicted); }
std::optional<double> ClassCounts::recall() const { return share(static_cast<double>(hits), support); }
std::optional<double> ClassCounts::f1() const { return share(2.0 * static_cast<double>(hits), support + predicted); }

double ClassScores::macro_f1() const {
  double total = 0;
  std::int64_t n = 0;
  for (const ClassCounts& counts : classes) {
    const std::optional<double> f1 = counts.f1();
    if (!f1) continue;  // a label of the training set may be absent from a test
    total += *f1;
    ++n;
  }
  return n > 0 ? total / static_cast<double>(n) : 0;
}

ClassScores class_scores(std::span<const std::int32_t> truths, std::span<const std::int32_t> predictions,
                         std::int64_t n_labels) {
  ClassScores scores{.classes = std::vector<ClassCounts>(static_cast<std::size_t>(n_labels))};
  for (std::size_t i = 0; i < truths.size(); ++i) {
    ClassCounts& truth = scores.classes[static_cast<std::size_t>(truths[i])];
    ++truth.support;
    truth.hits += truths[i] == predictions[i];
    ++scores.classes[static_cast<std::size_t>(predictions[i])].predicted;
    ++scores.confusion[{truths[i], predictions[i]}];
  }
  return scores;
}

std::vector<float> balanced_weights(std::span<const std::int32_t> labels, std::int64_t n_labels) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(n_labels));
  std::int64_t n_classes = 0;
  for (const std::int32_t label : labels) n_classes += counts[static_cast<std::size_t>(label)]++ == 0;
  std::vector<float> weights(counts.size());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double expected = static_cast<double>(labels.size()) / static_cast<double>(n_classes);
    if (counts[c] > 0) weights[c] = static_cast<float>(expected / static_cast<double>(counts[c]));
  }
  return weights;
}

}  // namespace ingot::bert

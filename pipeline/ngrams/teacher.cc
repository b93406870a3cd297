#include "pipeline/ngrams/teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "pipeline/ngrams/calibration.h"

namespace ingot::pipeline {
namespace {

std::uint64_t hash_of(std::span<const std::uint32_t> row) {
  return engine::content_hash({reinterpret_cast<const char*>(row.data()), row.size_bytes()});
}

// Reports under one name.
CountProgress named(const TeacherProgress& progress, std::string what) {
  if (!progress) return {};
  return [&progress, what = std::move(what)](std::int64_t done, std::int64_t total) { progress(what, done, total); };
}

std::vector<float> out_of_fold_logits(const FeatureRows& rows, const TeacherTexts& texts, const TeacherOptions& o,
                                      double temperature, const TeacherProgress& progress) {
  const std::vector<int> folds = folds_of(rows, texts.labels, o.n_folds, o.seed);
  std::vector<float> all(rows.size() * texts.n_classes);
  for (int fold = 0; fold < o.n_folds; ++fold) {
    std::vector<std::size_t> inside, outside;
    for (std::size_t i = 0; i < rows.size(); ++i) (folds[i] == fold ? inside : outside).push_back(i);
    const NgramModel model = fit_ngram_model(rows, outside, texts.labels, texts.n_classes, o.fitting,
                                             named(progress, fmt::format("fold {} of {}", fold + 1, o.n_folds)));
    const std::vector<float> logits = ngram_logits(model, rows, inside, temperature);
    for (std::size_t i = 0; i < inside.size(); ++i)
      std::copy_n(&logits[i * texts.n_classes], texts.n_classes, &all[inside[i] * texts.n_classes]);
  }
  return all;
}

}  // namespace

TeacherLogits ngram_teacher(const TeacherTexts& texts, const TeacherOptions& o, const TeacherProgress& progress) {
  const NgramOptions& ngrams = o.fitting.ngrams;
  const FeatureRows rows = feature_rows(texts.labelled, texts.texts_per_example, ngrams, named(progress, "n-grams"));
  std::vector<std::size_t> all(rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  TeacherLogits result;
  {
    const NgramModel model =
        fit_ngram_model(rows, all, texts.labels, texts.n_classes, o.fitting, named(progress, "all texts"));
    result.validation = ngram_logits(model, texts.validation, texts.texts_per_example);
    result.temperature = fit_temperature({result.validation, texts.validation_labels, texts.n_classes});
    for (float& logit : result.validation) logit = static_cast<float>(logit / result.temperature);
    result.unlabelled = ngram_logits(model, texts.unlabelled, texts.texts_per_example, result.temperature,
                                     named(progress, "unlabelled texts"));
  }
  result.labelled = out_of_fold_logits(rows, texts, o, result.temperature, progress);
  return result;
}

std::vector<int> folds_of(const FeatureRows& rows, std::span<const std::int32_t> labels, int n_folds,
                          std::uint64_t seed) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::folds));
  engine::shuffle(order, rng);
  std::unordered_map<std::uint64_t, int> fold_of_row;
  std::map<std::int32_t, int> dealt;  // rows of each label
  std::vector<int> folds(rows.size());
  for (const std::size_t i : order) {
    const auto [place, is_new] = fold_of_row.try_emplace(hash_of(rows.row(i)), 0);
    if (is_new) {
      place->second = (labels[i] + dealt[labels[i]]++) % n_folds;  // rare labels do not all begin with fold 0
    }
    folds[i] = place->second;
  }
  return folds;
}

}  // namespace ingot::pipeline

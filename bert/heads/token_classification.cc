// One label for each word: dropout and a Linear on the hidden state of its first token.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "bert/heads/entities.h"
#include "bert/heads/sequence_classification.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/kernels/cross_entropy/cross_entropy.h"

namespace ingot::bert {
namespace {

using engine::Json;
using engine::Variable;

constexpr const char* kArchitectures[] = {"BertForTokenClassification"};
constexpr const char* kClassifier = "classifier";

std::vector<Part> layers(const Config& config) {
  Part classifier = linear_part(kClassifier, config.hidden_size, config.n_labels());
  classifier.role = classifier.block = kClassifier;
  classifier.reads = "hidden";
  return {classifier};
}

Variable outputs(const Model& model, const Variable& hidden, const Input&, engine::DropoutStreams& streams) {
  const Config& config = model.config;
  const float probability = config.classifier_dropout >= 0 ? config.classifier_dropout : config.hidden_dropout_prob;
  return model.head.linears.at(kClassifier)(engine::dropout(hidden, streams.next(probability)));
}

// The mean over the first tokens of words, whatever text they are in.
Variable loss(const Variable& outputs, const Targets& targets) {
  std::vector<std::int32_t> labels(targets.labels.begin(), targets.labels.end());
  std::replace_if(
      labels.begin(), labels.end(), [](std::int32_t label) { return label < 0; }, engine::kernels::kIgnoredLabel);
  return targets.class_weights.empty() ? engine::cross_entropy(outputs, labels)
                                       : engine::weighted_cross_entropy(outputs, labels, targets.class_weights);
}

Variable predictions(const Variable& outputs) { return engine::softmax(outputs); }

// What a word beyond the length is tagged: as one outside of all entities, or as CoNLL-U writes a tag that is not
// known.
const std::string& tag_of_unseen(const Config& config) {
  static const std::string kOutside = "O", kUnknown = "_";
  const auto& names = config.label_names;
  return std::find(names.begin(), names.end(), kOutside) != names.end() ? kOutside : kUnknown;
}

// The tag of each word and its probability; a negative one where there is none.
struct Tagged {
  std::vector<const std::string*> tags;
  std::vector<float> probabilities;
};

Tagged tagged(const Prediction& prediction) {
  const std::size_t n_words = prediction.words.size(), n_labels = prediction.config.label_names.size();
  Tagged all{.tags = std::vector(n_words, &tag_of_unseen(prediction.config)),
             .probabilities = std::vector(n_words, -1.0f)};
  for (std::size_t row = 0; row < prediction.row_words.size(); ++row) {
    const std::span<const float> p = prediction.values.subspan(row * n_labels, n_labels);
    const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    all.tags[prediction.row_words[row]] = &prediction.config.label_names[best];
    all.probabilities[prediction.row_words[row]] = p[best];
  }
  return all;
}

std::string joined(const std::vector<const std::string*>& tags, bool printable) {
  std::string line;
  for (const std::string* tag : tags) {
    if (!line.empty()) line += ' ';
    line += printable ? engine::printable(*tag) : *tag;
  }
  return line;
}

Answer describe(const Prediction& prediction, const Detail&) {
  const Tagged all = tagged(prediction);
  Json tags = Json::array(), probabilities = Json::array();
  for (const std::string* tag : all.tags) tags.push_back(*tag);
  for (const float p : all.probabilities) probabilities.push_back(p < 0 ? Json() : Json(p));
  Json json{{"words", prediction.words}, {"tags", std::move(tags)}, {"probabilities", std::move(probabilities)}};
  if (are_entity_tags(prediction.config.label_names)) {
    json["entities"] = Json::array();
    for (const Entity& entity : entities_of(all.tags)) {
      const auto words = prediction.words.subspan(entity.first, entity.last - entity.first + 1);
      json["entities"].push_back({{"type", entity.type},
                                  {"first", entity.first},
                                  {"last", entity.last},
                                  {"text", fmt::format("{}", fmt::join(words, " "))}});
    }
  }
  return {joined(all.tags, true), std::move(json)};
}

std::vector<AnswerColumn> columns(const Prediction& prediction, const Detail& detail) {
  const std::vector<const std::string*> tags = tagged(prediction).tags;
  if (!detail.lists) return {{"tags", joined(tags, false)}};
  Json list = Json::array();
  for (const std::string* tag : tags) list.push_back(*tag);
  return {{"tags", std::move(list)}};
}

// Entities that are wholly right, among those of the truth and those that were found.
void count_entities(const Config& config, const Targets& targets, std::span<const std::int32_t> predicted,
                    Evaluation& evaluation) {
  ClassCounts counts;
  const auto entities = [&](std::span<const std::int32_t> labels) {
    std::vector<const std::string*> tags;
    for (const std::int32_t label : labels) tags.push_back(&config.label_names[static_cast<std::size_t>(label)]);
    return entities_of(tags);
  };
  for (std::size_t text = 0; text + 1 < targets.texts.size(); ++text) {
    const std::size_t begin = targets.texts[text], n = targets.texts[text + 1] - begin;
    const std::vector<Entity> truth = entities(targets.labels.subspan(begin, n));
    const std::vector<Entity> found = entities(predicted.subspan(begin, n));
    std::vector<Entity> both;
    std::set_intersection(truth.begin(), truth.end(), found.begin(), found.end(), std::back_inserter(both),
                          [](const Entity& a, const Entity& b) {
                            return std::tie(a.first, a.last, a.type) < std::tie(b.first, b.last, b.type);
                          });
    counts.support += std::ssize(truth);
    counts.predicted += std::ssize(found);
    counts.hits += std::ssize(both);
  }
  evaluation.precision = counts.precision().value_or(0);
  evaluation.recall = counts.recall().value_or(0);
  evaluation.f1 = counts.f1().value_or(0);
}

void measure(const Config& config, std::span<const float> probabilities, const Targets& targets,
             Evaluation& evaluation) {
  const std::size_t n = targets.labels.size(), n_labels = static_cast<std::size_t>(config.n_labels());
  evaluation.predictions.resize(n);
  double loss = 0;
  std::int64_t n_right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const float> row = probabilities.subspan(i * n_labels, n_labels);
    evaluation.predictions[i] = static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
    loss -= std::log(static_cast<double>(std::max(row[static_cast<std::size_t>(targets.labels[i])], 1e-30f)));
    n_right += evaluation.predictions[i] == targets.labels[i];
  }
  evaluation.accuracy = static_cast<double>(n_right) / static_cast<double>(n);
  evaluation.loss = loss / static_cast<double>(n);
  evaluation.scores = class_scores(targets.labels, evaluation.predictions, config.n_labels());
  evaluation.macro_f1 = evaluation.scores.macro_f1();
  if (are_entity_tags(config.label_names)) {
    count_entities(config, targets, evaluation.predictions, evaluation);
  } else {  // tags of words, not of entities
    evaluation.f1 = evaluation.macro_f1;
  }
}

constexpr Metric kMetrics[] = {{"f1", "F1", [](const Evaluation& e) { return e.f1; }},
                               {"precision", "precision", [](const Evaluation& e) { return e.precision; }},
                               {"recall", "recall", [](const Evaluation& e) { return e.recall; }},
                               {"accuracy", "accuracy", [](const Evaluation& e) { return e.accuracy; }},
                               {"loss", "loss", [](const Evaluation& e) { return e.loss; }, true}};

}  // namespace

extern constinit const Head kTokenClassification;
constinit const Head kTokenClassification{.architectures = kArchitectures,
                                          .task = "tokens",
                                          .answers = data::Answers::tags,
                                          .pooler = PoolerUse::never,
                                          .n_default_labels = 2,
                                          .check = check_labels,
                                          .parts = layers,
                                          .rows = Head::Rows::tokens,
                                          .n_outputs = n_labels_of,
                                          .outputs = outputs,
                                          .loss = loss,
                                          .predictions = predictions,
                                          .describe = describe,
                                          .columns = columns,
                                          .measure = measure,
                                          .metrics = kMetrics};

}  // namespace ingot::bert

#include "pipeline/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bert/train/classification.h"
#include "compress/lower/verify.h"
#include "compress/lower/whole_model.h"
#include "compress/packed/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/cached_outputs.h"
#include "pipeline/classifier.h"
#include "pipeline/comparison.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/label_map.h"
#include "pipeline/output_lock.h"
#include "pipeline/seen_texts.h"
#include "pipeline/training.h"
#include "report/class_report.h"

namespace ingot::pipeline {
namespace {

using engine::require;

// What an evaluation reads. Moved, never copied: the part points into corpus and labels.
struct EvalTexts {
  bert::TokenCorpus corpus;
  const char* name;         // of the part: test, validation or all
  std::string fingerprint;  // of the data
  RenumberedPart answered;  // in the numbering of the model
  const bert::TokenPart& part() const { return answered.part(); }
};

EvalTexts eval_texts(const EvalOptions& options, const Classifier& c) {
  EvalOptions o = options;
  o.answers = c.model().config.head->answers;
  const auto source = open_data(o);
  bert::TokenCorpus corpus = tokenized(*source, *c.tokenizer);
  const bool test = o.part == "test" || (o.part == "auto" && corpus.test.size() > 0);
  const bool validation = o.part == "validation";
  check_answers(corpus, *c.model().config.head, source->name());
  const bert::TokenPart& part = test ? corpus.test : validation ? corpus.validation : corpus.train;
  const char* name = test ? "test" : validation ? "validation" : "all";
  require(part.size() > 0, "{}: has no {} examples", source->name(), test || validation ? name : "labelled");
  RenumberedPart answered(part, corpus.answers, corpus.label_names, c.labels());
  if (!answered.note().empty()) engine::say("note: " + answered.note());
  note_truncation(part, c.framing, test || validation ? name : "");
  return {std::move(corpus), name, data_fingerprint(*source), std::move(answered)};
}

// Adds to the result how many of the texts the model has seen, and says so.
void add_overlap(engine::Json& result, const EvalTexts& texts, const Classifier& c) {
  const SeenTexts seen = load_seen_texts(c.folder);
  if (seen.empty()) return;
  const Overlap found = overlap(texts.part(), seen);
  result["texts_trained_on"] = found.trained;
  result["texts_validated_on"] = found.validated;
  const std::size_t n = texts.part().size();
  if (found.trained > 0)
    engine::say(fmt::format(
        "note: {} of these {} texts were in the training data of the model: this is no measure of new texts",
        found.trained, n));
  if (found.validated > 0)
    engine::say(fmt::format("note: {} of these {} texts chose the best epoch of the model", found.validated, n));
}

bert::Evaluation evaluate_with_progress(const char* name, const bert::Outputs& outputs, const EvalTexts& texts,
                                        const Classifier& c, std::int64_t batch,
                                        bert::Predictions* computed = nullptr) {
  engine::Progress meter(name, static_cast<std::int64_t>(texts.part().size()));
  return bert::evaluate(
      outputs, bert::Subset::all(texts.part()), c.framing, batch,
      [&](std::int64_t done, std::int64_t) { meter.update(done); }, computed);
}

double speed(const bert::Evaluation& e) { return static_cast<double>(e.n_tokens) / e.seconds; }

// Of the program, for result.json.
engine::Json describe(const IntegerClassifier& integers, const Classifier& c) {
  engine::Json left = engine::Json::array();
  for (const compress::FloatLinear& layer : integers.program.left)
    left.push_back({{"name", layer.name}, {"reason", layer.reason}});
  engine::Json json{{"layers", integers.program.layers.size()}, {"float_layers", left}};
  if (integers.linears) json["program_bytes"] = integers.linears->bytes();
  if (integers.whole) json["operations"] = integers.whole->graph().nodes.size();
  const auto packed = compress::packed_bytes(c.model(), c.compressed.compression);
  json["packed_bytes"] = packed ? engine::Json(*packed) : engine::Json();
  return json;
}

// What the comparison of both models found.
struct Verified {
  std::int64_t n_values = 0, n_different = 0;  // outputs of layers
  std::vector<compress::Comparison> layers;
  compress::Comparison logits;
  std::int64_t n_same = 0;  // predictions
  bert::Evaluation floats;  // of the fake-quantised model
};

// Both models over all texts again; every output of every layer in integers is compared with that of exact sums.
Verified verify(const IntegerClassifier& integers, const bert::Evaluation& e, const EvalTexts& texts,
                const Classifier& c, std::int64_t batch) {
  compress::IntegerVerifier verifier(c.model(), integers.program);
  evaluate_with_progress("verify",
                         {&c.model().config,
                          [&](const bert::Input& input) {
                            const engine::Variable logits = integers.linears->outputs(input);
                            verifier.check(input, logits.value());
                            return logits;
                          }},
                         texts, c, batch);
  Verified found{.layers = verifier.layers(),
                 .logits = verifier.logits(),
                 .floats = evaluate_with_progress("compare", bert::outputs_of(c.model()), texts, c, batch)};
  for (const compress::Comparison& layer : found.layers) {
    found.n_values += layer.n_values;
    found.n_different += layer.n_different;
  }
  for (std::size_t i = 0; i < e.predictions.size(); ++i)
    found.n_same += e.predictions[i] == found.floats.predictions[i];
  return found;
}

engine::Json as_json(const Verified& found) {
  engine::Json layers = engine::Json::object();
  for (const compress::Comparison& layer : found.layers)
    layers[layer.name] = {{"values", layer.n_values}, {"different", layer.n_different}};
  return {{"values", found.n_values},
          {"different", found.n_different},
          {"layers", layers},
          {"logits", found.logits.n_values},
          {"different_logits", found.logits.n_different},
          {"same_predictions", found.n_same},
          {"fake_quantised_accuracy", found.floats.accuracy},
          {"fake_quantised_tokens_per_second", speed(found.floats)}};
}

// How many logits of the model in integers alone differ from those of the fake-quantised one, and predictions.
struct WholeVerified {
  std::int64_t n_logits = 0, n_different = 0, n_same = 0;
};

WholeVerified verify(compress::WholeModel& whole, const bert::Evaluation& e, const EvalTexts& texts,
                     const Classifier& c, std::int64_t batch) {
  WholeVerified found;
  const bert::Outputs floats = bert::outputs_of(c.model());
  const bert::Evaluation again = evaluate_with_progress("verify",
                                                        {&c.model().config,
                                                         [&](const bert::Input& input) {
                                                           const engine::Variable logits = floats.of(input);
                                                           const engine::Tensor ours = whole.outputs(input);
                                                           for (std::int64_t i = 0; i < ours.size(); ++i)
                                                             found.n_different +=
                                                                 ours.data()[i] != logits.value().data()[i];
                                                           found.n_logits += ours.size();
                                                           return logits;
                                                         }},
                                                        texts, c, batch);
  for (std::size_t i = 0; i < e.predictions.size(); ++i) found.n_same += e.predictions[i] == again.predictions[i];
  return found;
}

// What the outputs of a model in floats depend on, `model` being hash_of_model of it: on the size of batches, too,
// since it decides in which order sums are added up. The number is raised when what the same files compute changes.
std::uint64_t key_of(std::uint64_t model, const data::Framing& f, std::int64_t batch, const bert::TokenPart& part) {
  const std::int64_t numbers[] = {f.length, static_cast<std::int64_t>(f.truncation), f.pairs, f.pairs_apart, batch};
  std::uint64_t hash = engine::hash_of_value(model, engine::content_hash("outputs 1"));
  hash = engine::hash_of_values<std::int64_t>(numbers, hash);
  hash = engine::hash_of_values(part.offsets, engine::hash_of_values(part.ids, hash));
  return engine::hash_of_values(part.second_sizes, engine::hash_of_values(part.tags, hash));
}

// A model to compare with, and hash_of_model of it.
struct Other {
  Classifier model;
  std::uint64_t hash;
};

Other load_other(const std::string& where, std::int64_t length) {
  const std::uint64_t hash = hash_of_model(where, 0);
  return {load_unchanged_classifier(where, length, hash), hash};
}

// The model's outputs beside those of the other one in floats, on its own tokens of the same texts, of which as many
// are kept. A model that many are compared with, as in a lab, computes its own but once.
ModelComparison compare_with_other(const EvalOptions& o, const Classifier& c, const bert::Predictions& computed,
                                   const Other& with) {
  const Classifier& other = with.model;
  const EvalTexts others = eval_texts(o, other);
  const std::uint64_t key = key_of(with.hash, other.framing, o.batch, others.part());
  const std::vector<float> theirs = cached_outputs("outputs", key, [&] {
    engine::Progress meter("compare", static_cast<std::int64_t>(others.part().size()));
    return bert::predict(
               bert::outputs_of(other.model()), bert::Subset::all(others.part()), other.framing, o.batch,
               [&](std::int64_t done, std::int64_t) { meter.update(done); }, bert::Form::outputs)
        .values;
  });
  return compare(*c.model().config.head, computed.n_outputs, computed.values, theirs);
}

// Throws Error unless both answer the same question.
void check_same_question(const Classifier& c, const Classifier& other) {
  const bert::Config &ours = c.model().config, &theirs = other.model().config;
  require(ours.head == theirs.head, "--against: {} has learned the task {}, and {} the task {}", other.folder.string(),
          theirs.head->task, c.folder.string(), ours.head->task);
  require(ours.label_names == theirs.label_names, "--against: {} has other labels than {}", other.folder.string(),
          c.folder.string());
}

engine::Json as_json(const ModelComparison& found, const Classifier& other) {
  engine::Json json{
      {"model", other.folder.string()}, {"output_noise", found.noise}, {"output_deviation", found.deviation}};
  if (found.n_answers > 0) json.update({{"answers", found.n_answers}, {"different_answers", found.n_different}});
  return json;
}

std::string against_line(const ModelComparison& found, const Classifier& other) {
  std::string text = fmt::format("against {}: ", other.folder.string());
  if (found.n_answers > 0)
    text += fmt::format("{} of {} answers differ ({:.2f}%); ", found.n_different, found.n_answers,
                        100.0 * static_cast<double>(found.n_different) / static_cast<double>(found.n_answers));
  return text +
         fmt::format("outputs by {:.4f} (root mean square; those deviate by {:.4f})\n", found.noise, found.deviation);
}

std::string integers_line(const IntegerClassifier& integers) {
  if (integers.whole)
    return fmt::format("all of it in integers: {} operations\n", integers.whole->graph().nodes.size());
  return fmt::format("{} of {} layers in integers, {:.2f} MB in memory\n", integers.program.layers.size(),
                     integers.program.layers.size() + integers.program.left.size(),
                     static_cast<double>(integers.linears->bytes()) / 1e6);
}

}  // namespace

void evaluate_classifier(const EvalOptions& o, const Run& run, const Finish& finish) {
  require(o.part == "auto" || o.part == "test" || o.part == "train" || o.part == "validation",
          "--part: must be auto, test, validation or train, got '{}'", o.part);
  require(o.integer || o.integer_only || !o.verify,
          "--verify: compares integers with the fake-quantised model; it needs --integer or --integer-only");
  const Arithmetic arithmetic = arithmetic_of(o);
  std::optional<OutputLock> lock;
  if (!o.out.empty()) lock.emplace(o.out, run.command);
  Classifier c = load_classifier(o.model, o.length);
  set_precision(c, o);
  std::optional<Other> other;
  if (!o.against.empty()) {
    other.emplace(load_other(o.against, c.framing.length));
    check_same_question(c, other->model);
  }
  std::optional<IntegerClassifier> integers = in_integers(c, arithmetic);
  const EvalTexts texts = eval_texts(o, c);
  bert::Predictions computed;
  const bert::Evaluation e =
      evaluate_with_progress("evaluate", classify(integers, c), texts, c, o.batch, other ? &computed : nullptr);
  const Scores scores = scores_of(e, texts.name, *c.model().config.head, c.labels());
  engine::Json result = as_json(scores);
  result.update(
      {{"model", c.folder.string()}, {"tokens_per_second", speed(e)}, {"data_fingerprint", texts.fingerprint}});
  add_overlap(result, texts, c);
  std::string text =
      fmt::format("{} on {} texts ({:.1f}k tokens/s)\n", to_text(scores.measured), e.n, speed(e) / 1000) +
      report::to_text(scores.classes);
  if (integers) {
    result["integer"] = describe(*integers, c);
    text += integers_line(*integers);
  }
  if (other) {
    const ModelComparison found = compare_with_other(o, c, computed, *other);
    result["against"] = as_json(found, other->model);
    text += against_line(found, other->model);
  }
  std::int64_t n_different = 0;
  if (o.verify && integers->whole) {
    const WholeVerified found = verify(*integers->whole, e, texts, c, o.batch);
    n_different = found.n_different;
    result["verify"] = {
        {"logits", found.n_logits}, {"different_logits", found.n_different}, {"same_predictions", found.n_same}};
    text += fmt::format("verified: {} of {} logits differ from those of the fake-quantised model\n", found.n_different,
                        found.n_logits);
  } else if (o.verify) {
    const Verified found = verify(*integers, e, texts, c, o.batch);
    result["verify"] = as_json(found);
    n_different = found.n_different + found.logits.n_different;
    text += fmt::format(
        "verified: {} of {} outputs and {} of {} logits differ from exact sums; {} of {} predictions are "
        "those of the fake-quantised model ({:.1f}k tokens/s)\n",
        found.n_different, found.n_values, found.logits.n_different, found.logits.n_values, found.n_same, e.n,
        speed(found.floats) / 1000);
  }
  if (!o.out.empty()) write_config(o.out, run.config);
  finish(result, text);
  if (n_different > 0) throw engine::Failure("the integers are not the fake-quantised model's");
}

}  // namespace ingot::pipeline

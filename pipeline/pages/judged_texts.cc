// The texts that a model does worst on. Tokens come from the cache, so that only the few texts that are shown are read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "bert/head.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/pages/model_at_work.h"
#include "pipeline/seen_texts.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kMostRead = 2000, kShown = 10;
constexpr std::int64_t kBatch = 32, kLikeliest = 3;

struct Chosen {
  data::Part part = data::Part::train;
  std::string what;  // in words
  std::vector<std::size_t> examples;
};

// Texts of the training part that chose the best epoch and were not trained on.
std::vector<std::size_t> held_out(const bert::TokenPart& train, const SeenTexts& seen) {
  std::vector<std::size_t> examples;
  for (std::size_t i = 0; i < train.hashes.size(); ++i) {
    const std::uint64_t hash = train.hashes[i];
    if (std::binary_search(seen.validated.begin(), seen.validated.end(), hash) &&
        !std::binary_search(seen.trained.begin(), seen.trained.end(), hash))
      examples.push_back(i);
  }
  return examples;
}

Chosen choose(const bert::TokenCorpus& corpus, const SeenTexts& seen) {
  const auto all = [](const bert::TokenPart& part) { return bert::Subset::all(part).examples; };
  if (corpus.test.size() > 0) return {data::Part::test, "test texts", all(corpus.test)};
  if (corpus.validation.size() > 0) return {data::Part::validation, "validation texts", all(corpus.validation)};
  Chosen chosen{data::Part::train, "texts held out of training", held_out(corpus.train, seen)};
  return chosen.examples.empty() ? Chosen{data::Part::train, "labelled texts", all(corpus.train)} : chosen;
}

const bert::TokenPart& part_of(const bert::TokenCorpus& corpus, data::Part part) {
  return part == data::Part::test ? corpus.test : part == data::Part::validation ? corpus.validation : corpus.train;
}

std::vector<std::size_t> evenly(const std::vector<std::size_t>& all) {
  std::vector<std::size_t> some(std::min(all.size(), kMostRead));
  for (std::size_t i = 0; i < some.size(); ++i) some[i] = all[i * all.size() / some.size()];
  return some;
}

// The answer of a text in words.
std::string truth_of(const bert::Config& config, const bert::Answered& answer) {
  if (config.head->answers == data::Answers::label)
    return config.label_names[static_cast<std::size_t>(answer.labels[0])];
  std::string words;
  for (std::size_t i = 0; i < answer.numbers.size(); ++i) {
    const std::string& label = config.label_names[i];
    if (config.head->answers == data::Answers::numbers) {
      words += fmt::format("{}{} {:.4g}", words.empty() ? "" : ", ", label, answer.numbers[i]);
    } else if (answer.numbers[i] > 0.5f) {
      words += (words.empty() ? "" : ", ") + label;
    }
  }
  return words.empty() ? "none" : words;
}

std::string answer_of(const bert::Config& config, std::span<const float> predictions) {
  const bert::Prediction prediction{.config = config, .values = predictions};
  if (config.head->answers == data::Answers::numbers) return prediction_line(config, predictions);
  const std::string line = config.head->describe(prediction, {}).line;
  if (config.head->answers == data::Answers::label) return line.substr(0, line.rfind('\t'));
  const std::vector<bert::AnswerColumn> columns = config.head->columns(prediction, {.lists = true});
  return line.empty() ? "none"
                      : fmt::format("{}", fmt::join(columns.front().value.get<std::vector<std::string>>(), ", "));
}

// Loss and certainty of a prediction.
struct Judged {
  std::size_t member = 0;
  double loss = 0;
  float certainty = 0;
  bool is_wrong = false;
};

// The first few by `before`, of equal ones those that stand first.
template <class Before>
std::vector<Judged> first_by(std::vector<Judged> all, const Before& before) {
  std::stable_sort(all.begin(), all.end(), before);
  if (all.size() > kShown) all.resize(kShown);
  return all;
}

// Texts of a part with their predictions, of which some are shown.
class Judge {
 public:
  Judge(const Classifier& classifier, const bert::Subset& subset)
      : config_(classifier.model().config), subset_(subset) {
    engine::Progress meter("texts", static_cast<std::int64_t>(subset.examples.size()));
    predictions_ = bert::predict(bert::outputs_of(classifier.model()), subset, classifier.framing, kBatch,
                                 [&](std::int64_t done, std::int64_t) { meter.update(done); });
  }

  std::vector<Judged> all() const {
    std::vector<Judged> judged;
    for (std::size_t i = 0; i < subset_.examples.size(); ++i) {
      const bert::Answered answer = answered(i);
      const bool has_label = config_.head->answers == data::Answers::label;
      if (has_label && answer.labels[0] < 0) continue;
      const std::span<const float> values = predictions_.of(i);
      const auto most = std::max_element(values.begin(), values.end());
      bert::Evaluation scores;
      config_.head->measure(config_, values, answer.targets(), scores);
      judged.push_back({.member = i,
                        .loss = scores.loss,
                        .certainty = *most,
                        .is_wrong = has_label && most - values.begin() != answer.labels[0]});
    }
    return judged;
  }

  JudgedText shown(const Judged& judged) const {
    const std::span<const float> values = predictions_.of(judged.member);
    const bool is_number = config_.head->answers == data::Answers::numbers;
    return {.example = {},
            .number = subset_.examples[judged.member],
            .loss = judged.loss,
            .truth = truth_of(config_, answered(judged.member)),
            .prediction = answer_of(config_, values),
            .probabilities = is_number ? "" : prediction_line(config_, values)};
  }

 private:
  bert::Answered answered(std::size_t i) const { return bert::answers_of(*config_.head, subset_, {&i, 1}, {}); }

  const bert::Config& config_;
  const bert::Subset& subset_;
  bert::Predictions predictions_;
};

// Reads the texts that are shown.
void fetch(const data::Source& source, data::Part part, std::vector<JudgedText>& a, std::vector<JudgedText>& b) {
  std::map<std::size_t, std::vector<JudgedText*>> wanted;
  for (std::vector<JudgedText>* texts : {&a, &b})
    for (JudgedText& text : *texts) wanted[text.number].push_back(&text);
  std::size_t number = 0;
  source.visit([&](data::Part where, data::Example&& example) {
    if (where != part) return;
    if (const auto found = wanted.find(number++); found != wanted.end())
      for (JudgedText* text : found->second) text->example = example;
  });
}

}  // namespace

std::string prediction_line(const bert::Config& config, std::span<const float> predictions) {
  std::string line;
  const auto add = [&](std::size_t i, const char* number) {
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", config.label_names[i], number);
  };
  if (config.head->answers == data::Answers::numbers) {
    for (std::size_t i = 0; i < predictions.size(); ++i) add(i, fmt::format("{:.4g}", predictions[i]).c_str());
  } else {
    for (const std::size_t i : bert::likeliest(predictions, kLikeliest))
      add(i, fmt::format("{:.4f}", predictions[i]).c_str());
  }
  return line;
}

JudgedTexts judged_texts(const Classifier& c, const DataOptions& options) {
  const bert::Head& head = *c.model().config.head;
  DataOptions o = options;
  o.answers = head.answers;
  const auto source = open_data(o);
  const bert::TokenCorpus corpus = tokenized(*source, *c.tokenizer);
  check_answers(corpus, head, source->name());
  const Chosen chosen = choose(corpus, load_seen_texts(c.folder));
  engine::require(!chosen.examples.empty(), "{}: has no labelled texts", source->name());
  const RenumberedPart part(part_of(corpus, chosen.part), corpus.answers, corpus.label_names, c.labels());
  const bert::Subset subset{&part.part(), evenly(chosen.examples)};
  const Judge judge(c, subset);
  JudgedTexts texts{.of = fmt::format("{} {} of {}", chosen.examples.size(), chosen.what, shown_value(source->name())),
                    .measure = head.answers == data::Answers::numbers ? "squared error" : "loss",
                    .worst = {},
                    .surprising = {}};
  if (subset.examples.size() < chosen.examples.size())
    texts.of = fmt::format("{} of the {}, evenly chosen", subset.examples.size(), texts.of);
  std::vector<Judged> all = judge.all();
  for (const Judged& one : first_by(all, [](const Judged&a, const Judged&b) { return a.loss > b.loss; }))
    texts.worst.push_back(judge.shown(one));
  std::erase_if(all, [](const Judged& one) { return !one.is_wrong; });
  for (const Judged& one : first_by(all, [](const Judged&a, const Judged&b) { return a.certainty > b.certainty; }))
    texts.surprising.push_back(judge.shown(one));
  fetch(*source, chosen.part, texts.worst, texts.surprising);
  return texts;
}

}  // namespace ingot::pipeline

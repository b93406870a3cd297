// Soft labels: what a text is told of itself comes from others.
#include <doctest/doctest.h>

#include <map>

#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "pipeline/ngrams/calibration.h"
#include "pipeline/ngrams/teacher.h"
#include "tests/pipeline/small_problem.h"

using namespace ingot;
using pipeline::TeacherLogits;
using pipeline::TeacherTexts;

namespace {

// Texts of noise and a word that tells the class of nine in ten.
struct Labelled {
  std::vector<std::string> texts;
  std::vector<std::int32_t> labels;
  std::vector<std::string_view> views() const { return {texts.begin(), texts.end()}; }
};

Labelled draw(std::size_t n, std::int32_t n_classes, std::uint64_t seed) {
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::test));
  Labelled all;
  for (std::size_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::uint64_t>(n_classes);
    const auto label = static_cast<std::int32_t>(rng.below(k));
    std::string text = "sign" + std::to_string(label);
    for (int w = 0; w < 5; ++w) text += " w" + std::to_string(rng.below(40));
    all.texts.push_back(text);
    all.labels.push_back(rng.below(10) == 0 ? static_cast<std::int32_t>(rng.below(k)) : label);
  }
  return all;
}

TeacherLogits teach(const Labelled& labelled, const Labelled& validation, const Labelled& unlabelled,
                    std::size_t n_classes, std::uint64_t seed = 1) {
  const auto texts = labelled.views(), held_out = validation.views(), others = unlabelled.views();
  return pipeline::ngram_teacher({.n_classes = n_classes,
                                  .labelled = texts,
                                  .labels = labelled.labels,
                                  .validation = held_out,
                                  .validation_labels = validation.labels,
                                  .unlabelled = others},
                                 {.seed = seed});
}

}  // namespace

TEST_CASE("the logits of a labelled text are those of a model that never saw it, whatever its label says") {
  Labelled labelled = draw(200, 2, 1);
  const std::size_t odd = 17;
  labelled.texts[odd] = "sign0 w1 unique";
  labelled.labels[odd] = 1;  // which only its own word could explain
  const auto rows = pipeline::feature_rows(labelled.views(), 1, {});
  const std::vector<int> folds = pipeline::folds_of(rows, labelled.labels, 4, 1);
  const TeacherLogits logits = teach(labelled, draw(100, 2, 2), {}, 2);
  for (int fold = 0; fold < 4; ++fold) {
    std::vector<std::size_t> inside, outside;
    for (std::size_t i = 0; i < 200; ++i) (folds[i] == fold ? inside : outside).push_back(i);
    std::vector<std::int32_t> hidden = labelled.labels;
    for (const std::size_t i : inside) hidden[i] = 1 - hidden[i];  // nothing may come of these
    const auto expected = pipeline::ngram_logits(pipeline::fit_ngram_model(rows, outside, hidden, 2, {}), rows, inside,
                                                 logits.temperature);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      CHECK(logits.labelled[2 * inside[i]] == expected[2 * i]);
      CHECK(logits.labelled[2 * inside[i] + 1] == expected[2 * i + 1]);
    }
  }
  CHECK(logits.labelled[2 * odd + 1] < 0);  // as its other words say
  const auto all = test::first(200);
  const auto seen = pipeline::ngram_logits(pipeline::fit_ngram_model(rows, all, labelled.labels, 2, {}), rows, all);
  CHECK(seen[2 * odd + 1] > logits.labelled[2 * odd + 1] * logits.temperature + 0.5);  // a model that saw it knows
}

TEST_CASE("folds have as many texts of each label, and equal texts share one") {
  Labelled labelled = draw(400, 3, 3);
  for (std::size_t i = 0; i < 400; i += 40) labelled.texts[i] = "always the same";
  const auto rows = pipeline::feature_rows(labelled.views(), 1, {});
  const std::vector<int> folds = pipeline::folds_of(rows, labelled.labels, 4, 1);
  std::map<std::pair<std::int32_t, int>, int> counts;
  for (std::size_t i = 0; i < 400; ++i) {
    if (i % 40 == 0) {
      CHECK(folds[i] == folds[0]);
    } else {
      ++counts[{labelled.labels[i], folds[i]}];
    }
  }
  for (std::int32_t label = 0; label < 3; ++label) {
    const auto [least, most] =
        std::minmax({counts[{label, 0}], counts[{label, 1}], counts[{label, 2}], counts[{label, 3}]});
    CHECK(most - least <= 2);  // one, and one for the text that is dealt for all its equals
  }
  CHECK(pipeline::folds_of(rows, labelled.labels, 4, 2) != folds);
}

TEST_CASE("one temperature divides all logits, that of the validation texts") {
  const Labelled labelled = draw(300, 3, 4), validation = draw(200, 3, 5), unlabelled = draw(5000, 3, 6);
  const TeacherLogits logits = teach(labelled, validation, unlabelled, 3);
  REQUIRE(logits.labelled.size() == 900);
  REQUIRE(logits.validation.size() == 600);
  REQUIRE(logits.unlabelled.size() == 15000);
  const pipeline::LabelledLogits calibrated{logits.validation, validation.labels, 3};
  for (const double t : {0.9, 0.99, 1.01, 1.1}) CHECK(cross_entropy(calibrated, t) > cross_entropy(calibrated));
  const auto rows = pipeline::feature_rows(labelled.views(), 1, {});
  const auto model = pipeline::fit_ngram_model(rows, test::first(300), labelled.labels, 3, {});
  const auto texts = unlabelled.views();
  CHECK(logits.unlabelled == pipeline::ngram_logits(model, texts, 1, logits.temperature));
}

TEST_CASE("a teacher has the same bits on 1, 2 and 3 threads") {
  const Labelled labelled = draw(300, 3, 7), validation = draw(100, 3, 8), unlabelled = draw(50, 3, 9);
  const int before = engine::threads();
  std::vector<TeacherLogits> all;
  for (const int n_threads : {1, 2, 3}) {
    engine::set_threads(n_threads);
    all.push_back(teach(labelled, validation, unlabelled, 3));
  }
  engine::set_threads(before);
  for (const TeacherLogits& logits : all) {
    CHECK(logits.labelled == all[0].labelled);
    CHECK(logits.unlabelled == all[0].unlabelled);
    CHECK(logits.temperature == all[0].temperature);
  }
}

TEST_CASE("pairs of texts are read in their order") {
  // The label is whether the word stands in the first text: words alone do not tell.
  const std::vector<std::string_view> pairs{"iron", "plum", "plum", "iron", "iron", "fig", "fig", "iron",
                                            "iron", "pear", "pear", "iron", "iron", "nut", "nut", "iron"};
  const std::vector<std::int32_t> labels{1, 0, 1, 0, 1, 0, 1, 0};
  const TeacherLogits logits = pipeline::ngram_teacher({.n_classes = 2,
                                                        .texts_per_example = 2,
                                                        .labelled = pairs,
                                                        .labels = labels,
                                                        .validation = pairs,
                                                        .validation_labels = labels,
                                                        .unlabelled = pairs},
                                                       {});
  REQUIRE(logits.labelled.size() == 16);
  REQUIRE(logits.unlabelled.size() == 16);
  for (std::size_t i = 0; i < labels.size(); ++i) CHECK((logits.unlabelled[2 * i + 1] > 0) == (labels[i] == 1));
}

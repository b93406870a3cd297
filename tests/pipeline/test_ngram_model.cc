// The classifier of n-grams, on texts whose words say what they are.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "pipeline/ngrams/design.h"
#include "pipeline/ngrams/logistic_regression.h"
#include "pipeline/ngrams/ngram_model.h"
#include "tests/pipeline/small_problem.h"

using namespace ingot;
using pipeline::FeatureRows;
using pipeline::NgramModel;

namespace {

// Texts of one word that tells the class, and four that do not.
struct Texts {
  std::vector<std::string> texts;
  std::vector<std::int32_t> labels;
  std::vector<std::string_view> views() const { return {texts.begin(), texts.end()}; }
};

Texts texts_of(std::int32_t n_classes, std::size_t n) {
  engine::Rng rng(8, static_cast<std::uint64_t>(engine::Stream::test));
  Texts all;
  for (std::size_t i = 0; i < n; ++i) {
    const auto label = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(n_classes)));
    std::string text = "sign" + std::to_string(label);
    for (int k = 0; k < 4; ++k) text += " w" + std::to_string(rng.below(30));
    all.texts.push_back(text);
    all.labels.push_back(label);
  }
  return all;
}

}  // namespace

TEST_CASE("two classes have one regression, and logits -z / 2 and z / 2 of its margin") {
  const Texts t = texts_of(2, 200);
  const FeatureRows rows = pipeline::feature_rows(t.views(), 1, {});
  const auto all = test::first(200);
  const NgramModel model = pipeline::fit_ngram_model(rows, all, t.labels, 2, {});
  REQUIRE(model.n_regressions == 1);
  const pipeline::Design x(rows, all, std::size_t{1} << 22);
  const std::vector<std::uint8_t> positive(t.labels.begin(), t.labels.end());
  const auto solution = pipeline::LogisticRegression(x, log_count_ratios(x, positive), positive, 0.5).solve();
  const std::vector<float> logits = pipeline::ngram_logits(model, rows, all);
  REQUIRE(logits.size() == 400);
  for (const std::size_t i : all) {
    double z = solution.bias;
    for (const std::uint32_t j : x.row(i)) z += solution.weights[j];
    CHECK(logits[2 * i + 1] == doctest::Approx(z / 2).epsilon(1e-5));  // weights are float32
    CHECK(logits[2 * i] == -logits[2 * i + 1]);
    CHECK((logits[2 * i + 1] > 0) == (t.labels[i] == 1));
  }
}

TEST_CASE("more classes have a regression each, against the rest, and the logs of its probabilities") {
  const Texts t = texts_of(4, 300);
  const FeatureRows rows = pipeline::feature_rows(t.views(), 1, {});
  const auto all = test::first(300);
  std::int64_t n_reports = 0;
  const NgramModel model =
      pipeline::fit_ngram_model(rows, all, t.labels, 4, {}, [&](std::int64_t done, std::int64_t total) {
        CHECK(done == ++n_reports);
        CHECK(total == 4);
      });
  CHECK(n_reports == 4);
  const std::vector<float> logits = pipeline::ngram_logits(model, rows, all);
  std::vector<std::int32_t> is_third;
  for (const std::int32_t label : t.labels) is_third.push_back(label == 2);
  const NgramModel third = pipeline::fit_ngram_model(rows, all, is_third, 2, {});
  const std::vector<float> of_third = pipeline::ngram_logits(third, rows, all);
  for (const std::size_t i : all) {
    const double z = 2 * of_third[2 * i + 1];
    CHECK(logits[4 * i + 2] == doctest::Approx(std::log(1 / (1 + std::exp(-z)))).epsilon(1e-4));
    CHECK(std::max_element(&logits[4 * i], &logits[4 * i] + 4) - &logits[4 * i] == t.labels[i]);
  }
}

TEST_CASE("words that no training text has change nothing, and a temperature divides") {
  const Texts t = texts_of(3, 100);
  const FeatureRows rows = pipeline::feature_rows(t.views(), 1, {});
  const NgramModel model = pipeline::fit_ngram_model(rows, test::first(100), t.labels, 3, {});
  const std::vector<std::string_view> texts{"sign1", "sign1 unheard"};
  const std::vector<float> logits = pipeline::ngram_logits(model, texts, 1), halves = ngram_logits(model, texts, 1, 2);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(logits[k] == logits[3 + k]);
    CHECK(halves[k] == doctest::Approx(logits[k] / 2));
  }
}

TEST_CASE("texts give the logits of their rows, on any number of threads") {
  const Texts t = texts_of(3, 6000);  // more than are in memory at a time
  const FeatureRows rows = pipeline::feature_rows(t.views(), 1, {});
  const auto all = test::first(6000);
  const int before = engine::threads();
  std::vector<std::vector<float>> logits;
  for (const int n_threads : {1, 2, 3}) {
    engine::set_threads(n_threads);
    const NgramModel model = pipeline::fit_ngram_model(rows, test::first(500), t.labels, 3, {});
    logits.push_back(pipeline::ngram_logits(model, rows, all));
    logits.push_back(pipeline::ngram_logits(model, t.views(), 1));
  }
  engine::set_threads(before);
  for (const auto& other : logits) CHECK(other == logits[0]);
}

TEST_CASE("a class without training texts is unlikely, and no text at all is no trouble") {
  const Texts t = texts_of(2, 100);
  const FeatureRows rows = pipeline::feature_rows(t.views(), 1, {});
  const NgramModel model = pipeline::fit_ngram_model(rows, test::first(100), t.labels, 3, {});
  const std::vector<float> logits = pipeline::ngram_logits(model, rows, test::first(1));
  CHECK(logits[2] == doctest::Approx(std::log(0.5 / 101)));  // p = 0.5 / (0.5 + 100.5)
  const NgramModel empty = pipeline::fit_ngram_model(rows, {}, t.labels, 2, {});
  CHECK(pipeline::ngram_logits(empty, rows, test::first(1)) == std::vector<float>{0, 0});
  CHECK(pipeline::ngram_logits(model, std::vector<std::string_view>{}, 1).empty());
}

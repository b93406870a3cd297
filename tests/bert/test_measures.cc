// Scores of heads. The expected numbers are those of seqeval 1.2, scipy 1.x and scikit-learn for the same inputs.
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "bert/head.h"
#include "bert/heads/entities.h"
#include "bert/tokenizers/token_cache.h"
#include "engine/kernels/cross_entropy/cross_entropy.h"

using namespace ingot;
using namespace ingot::bert;

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// "P 0-1, L 3-3"
std::string entities_in(const std::string& text) {
  const std::vector<std::string> tags = words_of(text);
  std::vector<const std::string*> views;
  for (const std::string& tag : tags) views.push_back(&tag);
  std::string all;
  for (const Entity& e : entities_of(views))
    all += fmt::format("{}{} {}-{}", all.empty() ? "" : ", ", e.type, e.first, e.last);
  return all;
}

doctest::Approx about(double value) { return doctest::Approx(value).epsilon(1e-6); }

}  // namespace

TEST_CASE("entities are those of seqeval, whole schemes and broken ones alike") {
  CHECK(entities_in("B-P I-P O B-L") == "P 0-1, L 3-3");
  CHECK(entities_in("I-P I-P O I-L") == "P 0-1, L 3-3");
  CHECK(entities_in("B-P I-L I-L O") == "P 0-0, L 1-2");
  CHECK(entities_in("B-P B-P I-P") == "P 0-0, P 1-2");
  CHECK(entities_in("S-P E-P O") == "P 0-0, P 1-1");
  CHECK(entities_in("B-P I-P E-P S-L") == "P 0-2, L 3-3");
  CHECK(entities_in("O I-P B-P I-L O I-P") == "P 1-1, P 2-2, L 3-3, P 5-5");
  CHECK(entities_in("B-P O . I-P") == "P 0-0, P 3-3");
  CHECK(entities_in("E-P E-P") == "P 0-0, P 1-1");
  CHECK(entities_in("O O").empty());
  CHECK(entities_in("").empty());
}

TEST_CASE("tokens are scored by whole entities of each text, and by classes where the tags are none") {
  const Head& head = head_for_task("tokens");
  Config config{.head = &head, .label_names = {"B-L", "B-P", "I-L", "I-P", "O"}};
  // B-P I-P O B-L | O B-L I-L | O, predicted as B-P I-P O B-P | O B-L O | B-L
  const std::vector<std::int32_t> truth{1, 3, 4, 0, 4, 0, 2, 4}, predicted{1, 3, 4, 1, 4, 0, 4, 0};
  const std::vector<std::uint64_t> texts{0, 4, 7, 8};
  std::vector<float> probabilities;
  for (const std::int32_t label : predicted)
    for (std::int32_t c = 0; c < 5; ++c) probabilities.push_back(c == label ? 0.6f : 0.1f);
  Evaluation e;
  head.measure(config, probabilities, {.labels = truth, .texts = texts}, e);
  CHECK(e.precision == about(0.25));
  CHECK(e.recall == about(1.0 / 3));
  CHECK(e.f1 == about(2.0 / 7));
  CHECK(e.accuracy == about(5.0 / 8));
  CHECK(e.loss == about(-(5 * std::log(0.6) + 3 * std::log(0.1)) / 8));
  config.label_names = {"noun", "verb", "adjective", "adverb", "other"};
  Evaluation classes;
  head.measure(config, probabilities, {.labels = truth, .texts = texts}, classes);
  CHECK(classes.f1 == classes.macro_f1);
  CHECK(classes.f1 != about(2.0 / 7));
}

TEST_CASE("one label is scored by accuracy, loss and the mean F1 of the classes") {
  const Head& head = head_for_task("single-label");
  const Config config{.head = &head, .label_names = {"a", "b", "c"}};
  const std::vector<std::int32_t> truth{0, 0, 1, 1, 2}, predicted{0, 1, 1, 1, 0};
  std::vector<float> probabilities;
  for (const std::int32_t label : predicted)
    for (std::int32_t c = 0; c < 3; ++c) probabilities.push_back(c == label ? 0.5f : 0.25f);
  Evaluation e;
  head.measure(config, probabilities, {.labels = truth}, e);
  CHECK(e.predictions == predicted);
  CHECK(e.accuracy == about(0.6));
  CHECK(e.loss == about(-(3 * std::log(0.5) + 2 * std::log(0.25)) / 5));
  CHECK(e.macro_f1 == about((0.5 + 0.8 + 0) / 3));
  REQUIRE(e.scores.classes.size() == 3);
  CHECK(e.scores.confusion.at({0, 1}) == 1);
}

TEST_CASE("the loss of tokens is over the first ones of words alone") {
  const Head& head = head_for_task("tokens");
  engine::Tensor logits = engine::Tensor::empty({4, 2});
  const float values[] = {1, 0, 5, -5, 0, 2, 9, 9};
  std::copy(std::begin(values), std::end(values), logits.data());
  const std::vector<std::int32_t> labels{0, kInnerToken, 1, data::kUnlabelled};
  const double expected = (std::log(1 + std::exp(-1.0)) + std::log(1 + std::exp(-2.0))) / 2;
  CHECK(head.loss(engine::Variable(logits), {.labels = labels}).value().data()[0] == about(expected));
}

TEST_CASE("numbers are scored by Pearson's and Spearman's correlation, ties included, and the mean over several") {
  const Head& head = head_for_task("regression");
  // Two numbers a text: outputs and truths side by side.
  const float a[] = {1, 2, 2, 4, 7.5f, -1}, b[] = {2, 1, 1, 5, 3, 0.5f};
  const float c[] = {0.1f, 0.4f, 0.4f, 0.2f, 0.9f, 0.9f}, d[] = {1, 3, 2, 2, 2, 5};
  std::vector<float> outputs, truths;
  double square = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    outputs.insert(outputs.end(), {a[i], c[i]});
    truths.insert(truths.end(), {b[i], d[i]});
    square += std::pow(double{a[i]} - double{b[i]}, 2) + std::pow(double{c[i]} - double{d[i]}, 2);
  }
  Evaluation e;
  head.measure({.head = &head, .label_names = {"x", "y"}}, outputs, {.numbers = truths}, e);
  CHECK(e.pearson == about((0.6414450204229 + 0.6556290193875408) / 2));
  CHECK(e.spearman == about((0.7647058823529412 + 0.6878359394287946) / 2));
  CHECK(e.loss == about(square / 12));
  CHECK(e.rmse == about(std::sqrt(square / 12)));
  Evaluation constant;
  head.measure({.head = &head, .label_names = {"x"}}, std::vector<float>{2, 2}, {.numbers = std::vector<float>{1, 3}},
               constant);
  CHECK(constant.pearson == 0);
}

TEST_CASE("several labels are scored micro and macro, and by texts that are wholly right") {
  const Head& head = head_for_task("multi-label");
  const std::vector<float> truths{1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0};
  const std::vector<float> probabilities{.9f, .2f, .4f, .6f, .1f, .8f, .7f, .3f, .2f, .1f, .05f, .45f};
  Evaluation e;
  head.measure({.head = &head, .label_names = {"a", "b", "c"}}, probabilities, {.numbers = truths}, e);
  CHECK(e.micro_f1 == about(0.6666666666666666));
  CHECK(e.macro_f1 == about(0.48888888888888893));
  CHECK(e.accuracy == about(0.25));
  CHECK(e.loss == about(0.41898930900602144));
}

TEST_CASE("retrieval ranks the own second text among all; equal ones count half") {
  const Head& head = head_for_task("embedding");
  const Config config{.head = &head, .hidden_size = 2};
  // Queries at 0, 90 and 180 degrees; their texts at 10, 80 and 20: the third finds its own last.
  std::vector<float> vectors;
  for (const double degrees : {0.0, 10.0, 90.0, 80.0, 180.0, 20.0}) {
    vectors.push_back(static_cast<float>(std::cos(degrees * M_PI / 180)));
    vectors.push_back(static_cast<float>(std::sin(degrees * M_PI / 180)));
  }
  Evaluation e;
  head.measure(config, vectors, {}, e);
  CHECK(e.recall_at_1 == about(2.0 / 3));
  CHECK(e.recall_at_10 == about(1));
  CHECK(e.mrr == about((1 + 1 + 1.0 / 2) / 3));
  Evaluation same;
  head.measure(config, std::vector<float>{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}, {}, same);
  CHECK(same.recall_at_1 == 0);
  CHECK(same.mrr == about(1.0 / 2));  // the middle of three
}

// What heads say of given probabilities.
#include <doctest/doctest.h>

#include "bert/head.h"

using namespace ingot;
using bert::Answer;
using bert::Detail;
using engine::Json;

namespace {

// Predictions are all halves and quarters: exact in any spelling.
struct Case {
  Case(std::string_view task, std::vector<std::string> labels) : head(bert::head_for_task(task)) {
    config.head = &head;
    config.label_names = std::move(labels);
  }
  Answer said(const std::vector<float>& values, const Detail& detail = {}) const {
    return head.describe({config, values, words, row_words}, detail);
  }
  Json columns(const std::vector<float>& values, const Detail& detail = {}) const {
    Json all = Json::array();
    for (const auto& [name, value] : head.columns({config, values, words, row_words}, detail))
      all.push_back(Json::array({name, value}));
    return all;
  }
  const bert::Head& head;
  bert::Config config;
  std::vector<std::string> words;
  std::vector<std::size_t> row_words;
};

Json parse(const char* text) { return Json::parse(text); }

}  // namespace

TEST_CASE("one label is said with its probability, the first of equal ones") {
  const Case head("single-label", {"a\n", "b", "c"});
  CHECK(head.said({0.5f, 0.25f, 0.25f}).line == "a\\n\t0.5000");
  CHECK(head.said({0.25f, 0.5f, 0.25f}).json ==
        parse(R"x({"label": "b", "probability": 0.5, "probabilities": {"a\n": 0.25, "b": 0.5, "c": 0.25}})x"));
  CHECK(head.said({0.25f, 0.25f, 0.5f}, {.top_k = 2}).line == "c\t0.5000\ta\\n\t0.2500");
  CHECK(head.said({0.25f, 0.25f, 0.5f}, {.top_k = 9}).json["top"].size() == 3);
  CHECK(head.columns({0.25f, 0.25f, 0.5f}) == parse(R"x([["label", "c"], ["probability", 0.5]])x"));
  CHECK(head.columns({0.25f, 0.25f, 0.5f}, {.top_k = 2, .probabilities = true}) ==
        parse(R"x([["label", "c"], ["probability", 0.5], ["label_2", "a\n"], ["probability_2", 0.25],
                  ["p(a\n)", 0.25], ["p(b)", 0.25], ["p(c)", 0.5]])x"));
}

TEST_CASE("several labels are those above one half") {
  const Case head("multi-label", {"a", "b,c", "d"});
  CHECK(head.said({0.75f, 0.625f, 0.5f}).line == "a,b,c");
  CHECK(head.said({0.75f, 0.625f, 0.5f}).json ==
        parse(R"x({"labels": ["a", "b,c"], "probabilities": {"a": 0.75, "b,c": 0.625, "d": 0.5}})x"));
  CHECK(head.said({0, 0, 0}).line.empty());
  CHECK(head.said({0, 0.25f, 0}, {.top_k = 1}).line == "b,c\t0.2500");
  CHECK(head.columns({0.75f, 0, 0.75f}, {.lists = true}) == parse(R"x([["labels", ["a", "d"]]])x"));
  CHECK(head.columns({0.75f, 0, 0.75f}, {.top_k = 1}) ==
        parse(R"x([["a_predicted", 1], ["b,c_predicted", 0], ["d_predicted", 1], ["label_1", "a"],
                  ["probability_1", 0.75]])x"));
}

TEST_CASE("numbers have as few digits as give the same floats") {
  const Case head("regression", {"x", "y"});
  CHECK(head.said({0.1f, -3}).line == "0.1\t-3");
  CHECK(head.said({0.5f, -3}).json == parse(R"x({"numbers": {"x": 0.5, "y": -3}})x"));
  CHECK(head.columns({0.1f, -3}) == parse(R"x([["x_predicted", 0.1], ["y_predicted", -3]])x"));
  CHECK(bert::short_number(0.1f).dump() == "0.1");
}

TEST_CASE("words are tagged in their places, those beyond the length as outside") {
  Case head("tokens", {"B-P", "I-P", "O"});
  head.words = {"Ada", "Lovelace", "far", "beyond"};
  head.row_words = {0, 1, 3};
  const std::vector<float> values{0.5f, 0.25f, 0.25f, 0.25f, 0.75f, 0, 0.5f, 0, 0.25f};
  CHECK(head.said(values).line == "B-P I-P O B-P");
  CHECK(head.said(values).json == parse(R"x({"words": ["Ada", "Lovelace", "far", "beyond"],
      "tags": ["B-P", "I-P", "O", "B-P"], "probabilities": [0.5, 0.75, null, 0.5],
      "entities": [{"type": "P", "first": 0, "last": 1, "text": "Ada Lovelace"},
                   {"type": "P", "first": 3, "last": 3, "text": "beyond"}]})x"));
  CHECK(head.columns(values) == parse(R"x([["tags", "B-P I-P O B-P"]])x"));
  CHECK(head.columns(values, {.lists = true}) == parse(R"x([["tags", ["B-P", "I-P", "O", "B-P"]]])x"));
  Case parts("tokens", {"NOUN", "VERB"});
  parts.words = {"go", "home"};
  parts.row_words = {0};
  CHECK(parts.said({0.25f, 0.75f}).line == "VERB _");
  CHECK_FALSE(parts.said({0.25f, 0.75f}).json.contains("entities"));
}

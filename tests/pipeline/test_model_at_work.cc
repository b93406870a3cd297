// What a page shows of models at work.
#include <doctest/doctest.h>

#include <cmath>

#include "bert/head.h"
#include "bert/inspection.h"
#include "compress/compression.h"
#include "compress/formats/format.h"
#include "pipeline/pages/model_at_work.h"
#include "report/shortened.h"
#include "tests/support/error_text.h"

namespace ingot {
namespace {

using pipeline::ModelAtWork;

bert::Model small_model() {
  return bert::make_model({.vocab_size = 12,
                           .hidden_size = 16,
                           .num_hidden_layers = 1,
                           .num_attention_heads = 2,
                           .intermediate_size = 16,
                           .max_position_embeddings = 8,
                           .initializer_range = 0.3f,
                           .label_names = {"no", "yes"}},
                          1);
}

bert::Input text() {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0, 4};
  return {.ids = {2, 7, 9, 3}, .positions = {0, 1, 2, 3}, .token_types = {0, 0, 0, 0}, .sequences = sequences};
}

ModelAtWork model_with(std::size_t n_tokens, std::size_t n_maps, const std::string& word) {
  pipeline::InspectedText inspected{.text = word,
                                    .prediction = "yes 0.9000",
                                    .truth = "no",
                                    .explained = "yes",
                                    .words = {{word, 0.5}, {"b", -0.25}, {"c", 0}},
                                    .tokens = std::vector<std::string>(n_tokens, word),
                                    .maps = {},
                                    .not_drawn = "layers 2, 3"};
  const auto n = static_cast<std::int64_t>(n_tokens);
  for (std::size_t i = 0; i < n_maps; ++i)
    inspected.maps.push_back({i / 4, i % 4, engine::Tensor::full({n, n}, 1 / static_cast<float>(n))});
  ModelAtWork model{.name = "run", .notes = {"a note " + word}, .judged = {}, .inspected = {inspected}};
  model.judged = {.of = "3 test texts of x",
                  .measure = "loss",
                  .worst = {{.example = {.text = word}, .loss = 2}},
                  .surprising = {}};
  return model;
}

TEST_CASE("shares of a model with quantised weights are slopes of what it computes with them") {
  bert::Model model = small_model();
  const compress::Format format = compress::parse_format("fixed(8,6)");
  compress::Compression compression;
  for (const auto& [name, linear] : model.linears())
    compression[name][compress::Role::weight] = compress::Quantizer{.format = format};
  compress::attach(model, compression);
  const bert::Inspection found = bert::inspect(model, text());
  const auto output = [&] {
    const engine::NoGradient no_gradient;
    engine::DropoutStreams off;
    return static_cast<double>(model.outputs(model.encode(text(), off), text(), off).value().data()[found.explained]);
  };
  for (std::size_t t = 0; t < 4; ++t) {
    float* row = model.embeddings.word.weight.value().data() + text().ids[t] * 16;
    const std::vector<float> before(row, row + 16);
    double outputs[2];
    for (int side = 0; side < 2; ++side) {
      for (std::size_t j = 0; j < 16; ++j) row[j] = before[j] * (side == 0 ? 1.01f : 0.99f);
      outputs[side] = output();
    }
    std::copy(before.begin(), before.end(), row);
    CHECK(std::abs(found.shares[t] - (outputs[0] - outputs[1]) / 0.02) < 1e-3);
  }
}

TEST_CASE("shares of a model whose inputs are quantised too are finite and not all 0") {
  bert::Model model = small_model();
  const compress::Format format = compress::parse_format("fixed(8,5)");
  compress::Compression compression;
  for (const auto& [name, linear] : model.linears())
    compression[name][compress::Role::weight] = compression[name][compress::Role::input] =
        compress::Quantizer{.format = format};
  compress::attach(model, compression);
  double sum = 0;
  for (const double share : bert::inspect(model, text()).shares) sum += std::abs(share);
  CHECK(std::isfinite(sum));
  CHECK(sum > 1e-3);
}

TEST_CASE("texts, words and tokens with markup are text in a page") {
  const std::vector<ModelAtWork> models{model_with(4, 2, "<script>alert(1)</script>")};
  for (const auto markup : {pipeline::texts_markup, pipeline::words_markup, pipeline::attention_markup}) {
    const std::string page = markup(models);
    CHECK_FALSE(test::contains(page, "<script"));
    CHECK(test::contains(page, "&lt;script&gt;"));
    CHECK(page == markup(models));
  }
}

TEST_CASE("words that speak for the answer are blue, those against it orange and underlined, the strongest darkest") {
  const std::string page = pipeline::words_markup(std::vector{model_with(4, 1, "a")});
  CHECK(test::contains(page, "<span style=\"background:rgb(0 114 178/0.60)\" title=\"+0.5\">a</span>"));
  CHECK(
      test::contains(page, "<span class=\"against\" style=\"background:rgb(213 94 0/0.30)\" title=\"-0.25\">b</span>"));
  CHECK(test::contains(page, "words.csv"));
}

TEST_CASE("maps are drawn of 40 tokens, the rest is said, and texts that would make the page too large are left out") {
  const ModelAtWork model = model_with(60, 16, "word");
  const std::string one = pipeline::attention_markup(std::vector{model});
  CHECK(test::contains(one, "Drawn are the first 40 of 60 tokens"));
  CHECK(test::contains(one, "Not drawn: layers 2, 3."));
  const std::string many = pipeline::attention_markup(std::vector<ModelAtWork>(20, model));
  CHECK(test::contains(many, "texts more are left out, to keep the page small."));
  CHECK(many.size() < 2'400'000);
}

TEST_CASE("texts are said to be cut where they are, not where they end with dots of their own") {
  ModelAtWork model{.name = "a",
                    .notes = {},
                    .judged = {.of = "texts", .measure = "loss", .worst = {{}}, .surprising = {}},
                    .inspected = {}};
  const auto markup = [&](const std::string& text) {
    model.judged.worst[0].example.text = text;
    return texts_markup(std::vector{model});
  };
  CHECK_FALSE(test::contains(markup("Well..."), "Texts end after"));
  CHECK_FALSE(test::contains(markup(std::string(300, 'x')), "Texts end after"));
  CHECK(test::contains(markup(std::string(301, 'x')), "Texts end after 300 characters (...)."));
}

TEST_CASE("a text is shortened between characters, its blanks to one each") {
  CHECK(report::shortened("  a \n\t b  ", 10) == "a b");
  CHECK(report::shortened("abcd", 4) == "abcd");
  CHECK(report::shortened("abcde", 4) == "abcd...");
  CHECK(report::shortened("\u00e4\u00f6\u00fc", 2) == "\u00e4\u00f6...");
}

TEST_CASE("a page shows the bits of what each operation of a model in integers gives, and how many are used") {
  ModelAtWork model{.name = "run", .notes = {}, .judged = {}, .inspected = {}};
  CHECK(pipeline::integers_markup(std::vector{model}).empty());
  model.edges = {{.node = "query",
                  .operation = "linear",
                  .format = "fixed(8,5)",
                  .width = 8,
                  .largest = 127,
                  .n_codes = 1000,
                  .n_at_end = 5},
                 {.node = "outputs",
                  .operation = "linear",
                  .format = "fixed(32,17)",
                  .width = 32,
                  .largest = 1 << 20,
                  .n_codes = 10}};
  const std::string markup = pipeline::integers_markup(std::vector{model});
  CHECK(test::contains(markup, "fixed(8,5), 8 used, 0.5% at an end"));
  CHECK(test::contains(markup, "fixed(32,17), 22 used"));
}

}  // namespace
}  // namespace ingot

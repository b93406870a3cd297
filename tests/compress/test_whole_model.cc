// A whole model in integers: the bits of its fake-quantised self, and what keeps a model from being one.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "compress/encoder_formats.h"
#include "compress/integer/operation.h"
#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "compress/integer/ops/linear.h"
#include "compress/lower/whole_model.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/integer_plan.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
using test::error_text;

namespace {

compress::Compression calibrated(bert::Model& model, const compress::IntegerWidths& widths = {}) {
  const std::vector<bert::Input> batches{test::small_input()};
  const auto requests = compress::requests_by_layer(model, compress::integer_plan(widths));
  return compress::calibrate(model, {}, requests, batches, {});
}

std::vector<float> logits_of(const bert::Model& model) {
  const engine::NoGradient off;
  const engine::Variable logits = test::small_logits(model);
  return {logits.value().span().begin(), logits.value().span().end()};
}

}  // namespace

TEST_CASE("a model in integers alone gives the logits of its fake-quantised self, by kernels and by plain loops") {
  for (const bert::Pooling pooling : {bert::Pooling::cls, bert::Pooling::mean}) {
    for (const int width : {4, 8}) {
      bert::Model model = test::small_model();
      model.config.pooling = pooling;
      const std::vector<float> real = logits_of(model);
      const compress::Compression compression = calibrated(model, compress::integer_widths(width));
      compress::attach(model, compression);
      const std::vector<float> fake = logits_of(model);
      CHECK(fake != real);
      compress::WholeModel whole(model, compression);
      const engine::Tensor y = whole.outputs(test::small_input());
      CHECK(std::vector<float>(y.span().begin(), y.span().end()) == fake);

      const bert::Input input = test::small_input();
      const std::vector<compress::Codes> inputs{input.ids, input.token_types};
      const compress::Texts texts = input.sequences->offsets;
      CHECK(compress::GraphRunner(whole.graph()).run(inputs, texts) ==
            compress::FusedRunner(whole.graph()).run(inputs, texts));
    }
  }
}

TEST_CASE(
    "ternary and binary weights and embeddings have scales that are powers of two, and the model the bits of its "
    "integers") {
  for (const char* weights : {"ternary_pow2(calibrated)", "binary_pow2(calibrated)", "fixed(8,calibrated)"}) {
    for (const char* embeddings : {"ternary_pow2(calibrated)", "binary_pow2(calibrated)"}) {
      bert::Model model = test::small_model();
      const compress::Compression compression = calibrated(model, {.weights = weights, .embeddings = embeddings});
      compress::attach(model, compression);
      const std::vector<float> fake = logits_of(model);
      compress::WholeModel whole(model, compression);
      const engine::Tensor y = whole.outputs(test::small_input());
      CHECK(std::vector<float>(y.span().begin(), y.span().end()) == fake);
      for (const compress::Layer& layer : compress::layers(whole.graph())) {
        if (const auto* linear = layer.as<compress::Linear>(); linear != nullptr && weights[0] != 'f') {
          CHECK(linear->weight_width == 2);
          for (const std::int32_t w : linear->weights) {
            CHECK(std::abs(w) <= 1);
            if (weights[0] == 'b') CHECK(w != 0);
          }
        }
        if (const auto* sum = layer.as<compress::EmbeddingSum>()) {
          CHECK(sum->word.width == (embeddings[0] == 'b' ? 1 : 2));
          CHECK(std::all_of(sum->word.codes.begin(), sum->word.codes.end(), [&](std::int32_t code) {
            return std::abs(code) <= 1 && (code != 0 || embeddings[0] == 't');
          }));
        }
      }
    }
  }
}

TEST_CASE("a binary table that is pruned has zeros, and so two bits") {
  bert::Model model = test::small_model();
  compress::Compression compression = calibrated(model, {.embeddings = "binary_pow2(calibrated)"});
  compress::LayerCompression& words = compression["bert.embeddings.word_embeddings"];
  words.weight_mask.assign(static_cast<std::size_t>(model.embeddings.word.weight.value().size()), 1);
  words.weight_mask[3] = 0;
  compress::attach(model, compression);
  compress::WholeModel whole(model, compression);
  const auto& sum = *whole.graph().nodes.front().as<compress::EmbeddingSum>();
  CHECK(sum.word.width == 2);
  CHECK(sum.word.codes[3] == 0);
  const engine::Tensor y = whole.outputs(test::small_input());
  CHECK(std::vector<float>(y.span().begin(), y.span().end()) == logits_of(model));
}

TEST_CASE("every head that is taught has an integer form, with the outputs of its fake-quantised self") {
  for (const char* task : {"single-label", "multi-label", "regression", "tokens", "embedding"}) {
    for (const bert::Pooling pooling : {bert::Pooling::cls, bert::Pooling::mean}) {
      INFO(task);
      bert::Model model = test::small_model(3, task);
      model.config.pooling = pooling;
      const std::vector<float> real = logits_of(model);
      const compress::Compression compression = calibrated(model);
      compress::attach(model, compression);
      const std::vector<float> fake = logits_of(model);
      CHECK(fake != real);
      for (std::size_t i = 0; i < fake.size(); ++i) CHECK(fake[i] == doctest::Approx(real[i]).epsilon(0.1));
      compress::WholeModel whole(model, compression);
      const engine::Tensor y = whole.outputs(test::small_input());
      CHECK(std::vector<float>(y.span().begin(), y.span().end()) == fake);
      CHECK(compress::is_all_integers(model, compression));
    }
  }
}

TEST_CASE("a text that is longer than the positions is refused") {
  bert::Model model = test::small_model();
  const compress::Compression compression = calibrated(model);
  compress::attach(model, compression);
  compress::WholeModel whole(model, compression);
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0, 7};
  bert::Input input{.ids = std::vector<std::int32_t>(7, 3),
                    .positions = {0, 1, 2, 3, 4, 5, 6},
                    .token_types = std::vector<std::int32_t>(7, 0),
                    .sequences = sequences};
  const std::string refusal = error_text([&] { whole.outputs(input); });
  CHECK_MESSAGE(contains(refusal, "embeddings: a place of a token must be below 6, got 6"), refusal);
}

TEST_CASE("the vector of a text is the mean of its rows in integers, rounded once") {
  bert::Model model = test::small_model(3, "embedding");
  model.config.pooling = bert::Pooling::mean;
  const compress::Compression compression = calibrated(model);
  compress::attach(model, compression);
  compress::WholeModel whole(model, compression);
  const std::vector<compress::Codes> edges = whole.edges(test::small_input());
  const compress::Graph& graph = whole.graph();
  const compress::Node& mean = graph.nodes.back();
  const compress::Edge &rows = graph.edges[mean.inputs[0]], &answer = graph.edges[mean.outputs[0]];
  CHECK(answer.format.width == rows.format.width + 8);
  CHECK(answer.format.frac_bits == rows.format.frac_bits + 8);
  for (std::size_t i = 0; i < 8; ++i) {
    const compress::Codes& x = edges[mean.inputs[0]];
    CHECK(edges[mean.outputs[0]][i] == 64 * (x[i] + x[8 + i] + x[16 + i] + x[24 + i]));  // 4 rows: exact
    CHECK(edges[mean.outputs[0]][8 + i] == 128 * (x[32 + i] + x[40 + i]));
  }
}

TEST_CASE("the cheap forms are in the graph, change the numbers, come back from files, and keep both sides the same") {
  const test::TemporaryFolder folder;
  bert::Model model = test::small_model();
  const compress::Compression exact = calibrated(model, {.exponentials = 8}),
                              cheap = calibrated(model, {.exponentials = 8, .is_cheap = true});
  compress::save_compression(folder.path(), cheap);
  const compress::Compression read = compress::load_compression(folder.path(), model);
  CHECK(compress::fingerprint(read) == compress::fingerprint(cheap));
  CHECK(compress::fingerprint(read) != compress::fingerprint(exact));
  compress::attach(model, exact);
  const std::vector<float> dear = logits_of(model);
  compress::attach(model, read);
  const std::vector<float> fake = logits_of(model);
  CHECK(fake != dear);
  for (std::size_t i = 0; i < fake.size(); ++i) CHECK(fake[i] == doctest::Approx(dear[i]).epsilon(0.1));
  compress::WholeModel whole(model, read);
  const engine::Tensor y = whole.outputs(test::small_input());
  CHECK(std::vector<float>(y.span().begin(), y.span().end()) == fake);
  for (const compress::Node& node : whole.graph().nodes) {
    if (const auto* norm = node.as<compress::LayerNorm>()) CHECK(norm->root_table == compress::make_root_table());
    if (const auto* a = node.as<compress::Attention>()) CHECK(a->exponentials == compress::line_table(8, 4));
  }
}

namespace {

bert::Input random_texts(engine::Rng& rng, const bert::Config& config, std::size_t n_texts) {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = {0};
  bert::Input input;
  for (std::size_t t = 0; t < n_texts; ++t) {
    const auto most = static_cast<std::uint64_t>(config.max_position_embeddings);
    const auto n = static_cast<std::int32_t>(1 + (t == 0 ? most - 1 : rng.below(most)));
    for (std::int32_t i = 0; i < n; ++i) {
      input.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(config.vocab_size))));
      input.positions.push_back(i);
      input.token_types.push_back(static_cast<std::int32_t>(rng.below(2)));
    }
    sequences->offsets.push_back(sequences->offsets.back() + n);
  }
  input.sequences = std::move(sequences);
  return input;
}

}  // namespace

TEST_CASE(
    "models of any size give the same integers by kernels as by plain loops, for texts of any length, on any threads") {
  engine::Rng rng(11);
  const int before = engine::threads();
  for (int round = 0; round < 14; ++round) {
    CAPTURE(round);
    const auto heads = static_cast<std::int64_t>(1 + rng.below(3)), part = static_cast<std::int64_t>(2 + rng.below(30));
    bert::Config config{.vocab_size = 40,
                        .hidden_size = heads * part,
                        .num_hidden_layers = static_cast<std::int64_t>(1 + rng.below(2)),
                        .num_attention_heads = heads,
                        .intermediate_size = static_cast<std::int64_t>(3 + rng.below(100)),
                        .max_position_embeddings = round % 3 == 0 ? 150 : static_cast<std::int64_t>(1 + rng.below(40)),
                        .initializer_range = 0.2f,
                        .label_names = {"a", "b", "c"}};
    config.pooling = round % 2 == 0 ? bert::Pooling::mean : bert::Pooling::cls;
    bert::Model model = bert::make_model(config, static_cast<std::uint64_t>(round));
    const std::vector<bert::Input> batches{random_texts(rng, config, 3)};
    const int width = 2 + static_cast<int>(rng.below(9));
    const compress::Plan plan = compress::integer_plan(
        {.activations = width, .weights = fmt::format("fixed({},calibrated)", 2 + rng.below(8))});
    const compress::Compression compression =
        compress::calibrate(model, {}, compress::requests_by_layer(model, plan), batches, {});
    compress::attach(model, compression);
    const compress::Graph graph = compress::lower_model(model, compression);
    const bert::Input input = random_texts(rng, config, 1 + rng.below(40));
    const std::vector<compress::Codes> inputs{input.ids, input.token_types};
    const auto expected = compress::GraphRunner(graph).run(inputs, input.sequences->offsets);
    compress::FusedRunner runner(graph);
    for (const int threads : {1, 2, 5}) {
      engine::set_threads(threads);
      CHECK(runner.run(inputs, input.sequences->offsets) == expected);
    }
    engine::set_threads(before);
  }
}

TEST_CASE("layers alone give the rows that the whole model has there") {
  bert::Config config = test::small_model().config;
  config.num_hidden_layers = 3;
  bert::Model model = bert::make_model(config, 7);
  const compress::Compression compression = calibrated(model);
  compress::attach(model, compression);
  const compress::Graph whole = compress::lower_model(model, compression);
  engine::Rng rng(3);
  const bert::Input input = random_texts(rng, model.config, 4);
  const std::vector<compress::Codes> inputs{input.ids, input.token_types};
  const std::vector<compress::Codes> edges = compress::GraphRunner(whole).edges(inputs, input.sequences->offsets);
  const auto rows_of = [&](const std::string& node) {
    for (const compress::Layer& layer : compress::layers(whole)) {
      if (layer.name() == node) return edges[layer.node().outputs.front()];
    }
    return compress::Codes();
  };
  const std::int64_t n = model.config.num_hidden_layers;
  for (std::int64_t first = 0; first < n; ++first) {
    for (std::int64_t last = first; last < n; ++last) {
      const compress::Graph graph = compress::lower_layers(model, compression, first, last - first + 1);
      const std::vector<compress::Codes> rows{
          rows_of(first == 0 ? "embeddings_norm" : fmt::format("layer_{}_output_norm", first - 1))};
      CHECK(compress::GraphRunner(graph).run(rows, input.sequences->offsets).front() ==
            rows_of(fmt::format("layer_{}_output_norm", last)));
    }
  }
  CHECK_THROWS_WITH(compress::lower_layers(model, compression, n, 1),
                    doctest::Contains(fmt::format("model: has layers 0 to {}, got {} to {}", n - 1, n, n).c_str()));
}

TEST_CASE("eight bits are near the real numbers") {
  bert::Model model = test::small_model();
  const std::vector<float> real = logits_of(model);
  const compress::Compression compression = calibrated(model);
  compress::attach(model, compression);
  const std::vector<float> fake = logits_of(model);
  for (std::size_t i = 0; i < real.size(); ++i) CHECK(fake[i] == doctest::Approx(real[i]).epsilon(0.1));
}

TEST_CASE("the graph of a whole model is the same after JSON") {
  bert::Model model = test::small_model();
  const compress::Compression compression = calibrated(model);
  compress::attach(model, compression);
  const compress::Graph graph = compress::lower_model(model, compression);
  const engine::Json json = compress::to_json(graph);
  CHECK(compress::to_json(compress::graph_of(json, "model.json")) == json);
}

TEST_CASE("gradients of a model in integers are those of the real functions at the same numbers") {
  bert::Model model = test::small_model();
  const compress::Compression compression = calibrated(model, compress::integer_widths(12));
  const auto gradients = [&] {
    test::small_step(model);
    std::vector<float> all;
    for (const engine::Parameter& p : model.parameters()) {
      const engine::Tensor g = p.variable.gradient();
      all.insert(all.end(), g.span().begin(), g.span().end());
    }
    return all;
  };
  const std::vector<float> real = gradients();
  compress::attach(model, compression);
  const std::vector<float> quantised = gradients();
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < real.size(); ++i) {
    difference += std::pow(static_cast<double>(real[i] - quantised[i]), 2);
    length += std::pow(static_cast<double>(real[i]), 2);
  }
  CHECK(length > 0);
  CHECK(difference < 0.01 * length);
}

TEST_CASE("a model that is not all integers says what is missing and how to make it so") {
  bert::Model model = test::small_model();
  const auto refusal = [&](compress::Compression compression) {
    compress::attach(model, compression);
    return error_text([&] { compress::lower_model(model, compression); });
  };
  const compress::Compression whole = calibrated(model);
  CHECK(refusal(whole) == "");
  CHECK(contains(refusal({}), "is not in integers: its weight is not quantised"));
  CHECK(contains(refusal({}), "`ingot quantize DIR --integer-only` makes all of it integers"));

  compress::Compression part = whole;
  part.erase(compress::softmax_name(0));
  CHECK(contains(refusal(part),
                 "bert.encoder.layer.0.attention.self.softmax: is not in integers: its input is not quantised"));
  part = whole;
  part["bert.embeddings.LayerNorm"][compress::Role::output]->format = compress::parse_format("minifloat(8,e4)");
  CHECK(contains(refusal(part), "bert.embeddings.LayerNorm: is not in integers: its output is"));
  part = whole;
  part["bert.pooler.dense"][compress::Role::bias].reset();
  CHECK(contains(refusal(part), "bert.pooler.dense: its bias is not fixed point"));
}

TEST_CASE("compression of layer norms and softmaxes is checked") {
  bert::Model model = test::small_model();
  const auto refusal = [&](const std::string& name, compress::Role role, const char* format) {
    compress::Compression compression;
    compression[name][role] = compress::Quantizer{.format = compress::parse_format(format)};
    return error_text([&] { compress::attach(model, compression); });
  };
  const std::string norm = "bert.embeddings.LayerNorm", softmax = compress::softmax_name(0);
  CHECK(refusal(norm, compress::Role::output, "fixed(8,4)") == "");
  CHECK(contains(refusal(norm, compress::Role::input, "fixed(8,4)"), norm + ": is a layer norm, which has no input"));
  CHECK(contains(refusal(softmax, compress::Role::weight, "fixed(8,4)"),
                 softmax + ": is a softmax, which has no weight"));
  CHECK(contains(refusal(softmax, compress::Role::input, "minifloat(8,e4)"), "scores must be fixed(width, frac)"));
  CHECK(contains(refusal(softmax, compress::Role::input, "fixed(12,4)"), "exponentials must be ufixed(width,width)"));
  const auto cheap = [&](const std::string& name) {
    compress::Compression compression;
    compression[name].is_cheap = true;
    return error_text([&] { compress::attach(model, compression); });
  };
  CHECK(contains(cheap("classifier"), "classifier: is a Linear, which has no cheap form"));
  CHECK(contains(cheap(norm), norm + ": a root by a table is one in integers, which need a format of weight"));
  CHECK(contains(refusal("bert.encoder.layer.7.attention.self.softmax", compress::Role::input, "fixed(12,4)"),
                 "is not a layer of this model of 1 encoder layers"));
}

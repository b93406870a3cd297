#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "compress/formats/fake_quantize.h"
#include "compress/lower/whole_model.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/integer_plan.h"
#include "compress/quantize/learned_scales.h"
#include "tests/compress/quantized.h"
#include "tests/compress/small_model.h"

using namespace ingot;
using compress::as_fixed;
using compress::Compression;
using compress::LearnedScales;
using compress::parse_format;
using compress::Role;
using engine::Tensor;
using engine::Variable;

namespace {

Variable variable(const engine::Shape& shape, const std::vector<float>& values) {
  return Variable(Tensor::from(shape, values), true);
}

std::vector<float> values_of(const Tensor& tensor) { return {tensor.span().begin(), tensor.span().end()}; }

const std::string kQuery = "bert.encoder.layer.0.attention.self.query";
const std::string kKey = "bert.encoder.layer.0.attention.self.key";

Compression some() {
  Compression c;
  for (const std::string& name : {kQuery, kKey}) {
    c[name][Role::input] = compress::Quantizer{.format = parse_format("fixed(8,4)")};
    c[name][Role::weight] = compress::Quantizer{.format = parse_format("fixed(4,0)")};
    c[name][Role::weight]->channel_frac_bits = {3, 2, 1, 3, 4, 2, 3, 2};
  }
  c[kQuery].weight_mask.assign(64, 1);
  for (std::size_t i = 0; i < 64; i += 2) c[kQuery].weight_mask[i] = 0;
  c["classifier"][Role::weight] = compress::Quantizer{.format = parse_format("minifloat(8,e4)")};
  return c;
}

}  // namespace

TEST_CASE("the gradient of a step is that of LSQ, by hand") {
  // fixed(3,1): codes -4 .. 3, step 1/2. x / s = -10, -0.8, 0.6, 20.
  const Variable x = variable({4}, {-5, -0.4f, 0.3f, 10}), t = variable({1}, {-1.2f});
  const Variable y = compress::learned_quantize(x, t, *as_fixed(parse_format("fixed(3,0)")));
  CHECK(values_of(y.value()) == std::vector<float>{-2, -0.5f, 0.5f, 1.5f});
  engine::backward(y, Tensor::from({4}, std::vector<float>{1, 2, 3, 4}));
  CHECK(values_of(x.gradient()) == std::vector<float>{0, 2, 3, 0});
  const double ds = 1 * -4.0 + 2 * (-1.0 + 0.8) + 3 * (1.0 - 0.6) + 4 * 3.0;
  const double expected = ds * 0.5 * std::log(2.0) / std::sqrt(4.0 * 3.0);
  CHECK(double{t.gradient().data()[0]} == doctest::Approx(expected));
}

TEST_CASE("steps by row are those of each row alone, and on one and two threads the same bits") {
  const std::vector<float> x = test::noise(6 * 4000, 1), dy = test::noise(6 * 4000, 2);
  const std::vector<float> steps{-3, -2.4f, -1, 0, -5, -7};
  const compress::FixedPoint fixed = *as_fixed(parse_format("fixed(4,0)"));
  const auto run = [&] {
    const Variable v = variable({6, 4000}, x), t = variable({6}, steps);
    engine::backward(compress::learned_quantize(v, t, fixed), Tensor::from({6, 4000}, dy));
    std::vector<float> all = values_of(t.gradient()), dx = values_of(v.gradient());
    all.insert(all.end(), dx.begin(), dx.end());
    return all;
  };
  const auto [one, two] = test::on_one_and_on(2, run);
  CHECK(test::same_bits(one, two));
  for (std::size_t row = 0; row < 6; ++row) {
    const auto part = [row](const std::vector<float>& all) {
      return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(4000 * row),
                                all.begin() + static_cast<std::ptrdiff_t>(4000 * row + 4000));
    };
    const Variable v = variable({4000}, part(x)), t = variable({1}, {steps[row]});
    engine::backward(compress::learned_quantize(v, t, fixed), Tensor::from({4000}, part(dy)));
    CHECK(one[row] == doctest::Approx(double{t.gradient().data()[0]}));
  }
}

TEST_CASE("a step that is too small for its numbers grows, one that is too large shrinks") {
  const std::vector<float> values = test::noise(4096, 5);
  for (const float start : {-9.0f, 1.0f}) {
    const Variable t = variable({1}, {start});
    engine::AdamW optimizer({{.parameters = {{"t", t}}}});
    for (int i = 0; i < 400; ++i) {
      optimizer.clear_gradients();
      const Variable x = variable({4096}, values);
      const Variable y = compress::learned_quantize(x, t, *as_fixed(parse_format("fixed(4,0)")));
      Tensor dy = Tensor::empty({4096});  // of the squared error
      for (std::size_t j = 0; j < values.size(); ++j) dy.data()[j] = 2 * (y.value().data()[j] - values[j]);
      engine::backward(y, dy);
      optimizer.step(0.05f, 0, 0);
    }
    CHECK(std::lround(t.value().data()[0]) == -1);  // the best for 4 bits of N(0,1): step 1/2 (error 0.022; 1/4: 0.049)
  }
}

TEST_CASE("before anything is learned the model computes as with the fraction bits") {
  bert::Model model = test::small_model();
  compress::attach(model, some());
  const std::vector<float> fixed = values_of(test::small_logits(model).value());
  const LearnedScales scales(model.config, some());
  scales.attach(model);
  CHECK(values_of(test::small_logits(model).value()) == fixed);
  Compression back = some();
  scales.write_to(back);
  CHECK(compress::fingerprint(back) == compress::fingerprint(some()));
}

TEST_CASE("every step gets a gradient, query and key share that of their input, and what is learned is written") {
  bert::Model model = test::small_model();
  const LearnedScales scales(model.config, some());
  const std::vector<engine::Parameter> parameters = scales.parameters().parameters;
  REQUIRE(parameters.size() == 3);  // one input, two weights; minifloat has no step
  scales.attach(model);
  test::small_step(model);
  for (const engine::Parameter& p : parameters) CHECK(p.variable.has_gradient());
  const std::vector<float> pruned = values_of(model.layers[0].query.weight.gradient());
  for (std::size_t i = 0; i < 64; i += 2) CHECK(pruned[i] == 0);
  for (const engine::Parameter& p : parameters) p.variable.value().data()[0] = -6.4f;
  Compression learned = some();
  scales.write_to(learned);
  CHECK(to_string(learned[kQuery][Role::input]->format) == "fixed(8,6)");
  CHECK(to_string(learned[kKey][Role::input]->format) == "fixed(8,6)");
  CHECK(learned[kKey][Role::weight]->channel_frac_bits == std::vector<int>{6, 2, 1, 3, 4, 2, 3, 2});
  const std::vector<float> with_steps = values_of(test::small_logits(model).value());
  compress::attach(model, learned);
  CHECK(values_of(test::small_logits(model).value()) == with_steps);
}

namespace {

Compression whole_compression(bert::Model& model) {
  const std::vector<bert::Input> batches{test::small_input()};
  return compress::calibrate(model, {}, compress::requests_by_layer(model, compress::integer_plan({})), batches, {});
}

std::vector<float> outputs_of(const bert::Model& model) {
  const engine::NoGradient off;
  return values_of(test::small_logits(model).value());
}

}  // namespace

TEST_CASE("scales of a model in integers alone are learned on its edges, and what is learned lowers to the same bits") {
  for (const char* task : {"single-label", "tokens", "embedding"}) {
    bert::Model model = test::small_model(3, task);
    model.config.pooling = bert::Pooling::mean;
    const Compression start = whole_compression(model);
    compress::attach(model, start);
    const std::vector<float> fixed = outputs_of(model);
    const LearnedScales scales(model.config, start);
    scales.attach(model);
    CHECK(outputs_of(model) == fixed);
    engine::Rng rng(5);
    for (const engine::Parameter& p : scales.parameters().parameters) {
      engine::Tensor steps = p.variable.value();
      for (std::int64_t i = 0; i < steps.size(); ++i) steps.data()[i] += static_cast<float>(rng.below(3)) - 1;
    }
    const std::vector<float> moved = outputs_of(model);
    CHECK(moved != fixed);
    Compression learned = start;
    scales.write_to(learned);
    compress::attach(model, learned);
    CHECK(outputs_of(model) == moved);
    CHECK(values_of(compress::WholeModel(model, learned).outputs(test::small_input())) == moved);
  }
}

TEST_CASE("the steps of a model in integers alone get gradients; biases follow the sums and softmaxes stay") {
  bert::Model model = test::small_model();
  const Compression start = whole_compression(model);
  const LearnedScales scales(model.config, start);
  scales.attach(model);
  test::small_step(model);
  std::set<std::string> names;
  for (const engine::Parameter& p : scales.parameters().parameters) {
    INFO(p.name);
    names.insert(p.name);
    CHECK(p.variable.has_gradient());
  }
  const std::string norm = "log2_steps.bert.embeddings.LayerNorm.", layer = "log2_steps.bert.encoder.layer.0.";
  for (const std::string& name :
       {norm + "output", norm + "weight", norm + "bias", layer + "output.dense.output",
        layer + "attention.output.dense.input", std::string("log2_steps.bert.embeddings.word_embeddings.weight"),
        std::string("log2_steps.bert.pooler.dense.input")})
    CHECK_MESSAGE(names.contains(name), name);
  // Read what a layer norm gives, have its step.
  for (const char* name : {"attention.self.query.input", "intermediate.dense.input"})
    CHECK(!names.contains(layer + name));
  CHECK(!names.contains(layer + "attention.self.softmax.input"));
  CHECK(!names.contains("log2_steps.classifier.bias"));
  for (const engine::Parameter& p : scales.parameters().parameters) {
    if (p.name == norm + "output" || p.name == layer + "attention.output.dense.input")
      CHECK(p.variable.gradient().data()[0] != 0);
  }
}

// Integer programs against plain loops over 64-bit integers, and against the fake-quantised model.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "compress/lower/integer_model.h"
#include "tests/compress/trained_model.h"
#include "tests/support/error_text.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::Compression;
using compress::IntegerProgram;
using compress::Role;
using engine::Tensor;
using engine::Variable;
using test::FixedSetting;
using test::trained_model;

namespace {

using Tensors = std::map<std::string, Tensor>;

bert::Model with(const Compression& compression) {
  bert::Model model = trained_model().model;
  compress::attach(model, compression);
  return model;
}

Tensor logits(const bert::Model& model) {
  const engine::NoGradient off;
  engine::DropoutStreams streams;
  const bert::Input& input = trained_model().input;
  return model.outputs(model.encode(input, streams), input, streams).value();
}

bool equal(const Tensor& a, const Tensor& b) { return test::same_bits(a.span(), b.span()); }

// What goes into every Linear of a model and comes out of it; layer norms overwrite what they are given.
struct Record {
  Tensors inputs, outputs;
  Tensor result;
};
Record recorded(bert::Model model) {
  Record record;
  for (const auto& [name, linear] : model.linears()) {
    auto transforms = std::make_shared<engine::TensorTransforms>(*linear->transforms);
    transforms->input = [&record, name = name, before = transforms->input](const Variable& x) {
      record.inputs[name] = x.value().clone();
      return before ? before(x) : x;
    };
    transforms->output = [&record, name = name, before = transforms->output](const Variable& y) {
      const Variable z = before ? before(y) : y;
      record.outputs[name] = z.value().clone();
      return z;
    };
    linear->transforms = std::move(transforms);
  }
  record.result = logits(model);
  return record;
}

// R of base/fixed_point.h by the C library.
double rounded(double v, engine::Rounding rounding) {
  switch (rounding) {
    case engine::Rounding::nearest_even:
      return std::nearbyint(v);
    case engine::Rounding::floor:
      return std::floor(v);
    case engine::Rounding::half_away:
      return std::round(v);
  }
  return 0;
}

std::int64_t oracle_code(float v, const compress::FixedPoint& fixed, int frac_bits) {
  const double least = fixed.is_signed ? -std::ldexp(1.0, fixed.width - 1) : 0.0;
  const double most = std::ldexp(1.0, fixed.is_signed ? fixed.width - 1 : fixed.width) - 1;
  return static_cast<std::int64_t>(
      std::clamp(rounded(std::ldexp(static_cast<double>(v), frac_bits), *fixed.rounding), least, most));
}

int bits_of(const compress::Quantizer& q, std::size_t channel) {
  return q.channel_frac_bits.empty() ? compress::as_fixed(q.format)->frac_bits : q.channel_frac_bits[channel];
}

// The output of one Linear for x by integers in plain loops.
std::vector<float> oracle_linear(const engine::Linear& linear, const compress::LayerCompression& how, const Tensor& x) {
  const auto input = *compress::as_fixed(how[Role::input]->format),
             weight = *compress::as_fixed(how[Role::weight]->format);
  const auto n = static_cast<std::size_t>(linear.weight.shape()[0]), k = static_cast<std::size_t>(x.columns());
  std::vector<std::int64_t> codes, weights;
  for (const float v : x.span()) codes.push_back(oracle_code(v, input, input.frac_bits));
  for (std::size_t i = 0; i < n * k; ++i) {
    const bool kept = how.weight_mask.empty() || how.weight_mask[i] != 0;
    const float w = kept ? linear.weight.value().data()[i] : 0.0f;
    weights.push_back(oracle_code(w, weight, bits_of(*how[Role::weight], i / k)));
  }
  std::vector<float> y;
  for (std::size_t i = 0; i < codes.size() / k; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      std::int64_t sum = 0;
      for (std::size_t p = 0; p < k; ++p) sum += codes[i * k + p] * weights[j * k + p];
      double bias = linear.bias.value().data()[j];
      if (how[Role::bias]) {
        const int bits = bits_of(*how[Role::bias], j);
        bias = std::ldexp(static_cast<double>(oracle_code(static_cast<float>(bias),
                                                          *compress::as_fixed(how[Role::bias]->format), bits)),
                          -bits);
      }
      const double exact = std::ldexp(static_cast<double>(sum), -input.frac_bits - bits_of(*how[Role::weight], j));
      y.push_back(static_cast<float>(exact + bias));
    }
  }
  return y;
}

// Every layer of the integer model, of the model with exact sums and, where float32 holds its sums, of the
// fake-quantised model against plain loops; and the logits of the fused program.
void check_all(const Compression& compression) {
  bert::Model model = with(compression);
  const IntegerProgram program = compress::lower(model, compression);
  REQUIRE(program.left.empty());
  const Record exact = recorded(compress::exact_model(model, program)), floats = recorded(model);
  Tensors outputs;
  const compress::IntegerModel plain(model, program,
                                     [&](const std::string& name, const Tensor& y) { outputs[name] = y.clone(); });
  const compress::IntegerModel fused(model, program);
  CHECK(equal(plain.outputs(trained_model().input).value(), exact.result));
  CHECK(equal(fused.outputs(trained_model().input).value(), exact.result));
  bert::Model masters = trained_model().model;
  std::size_t at = 0;
  for (const auto& [name, linear] : masters.linears()) {
    INFO(name);
    const std::vector<float> expected = oracle_linear(*linear, compression.at(name), exact.inputs.at(name));
    CHECK(test::same_bits(exact.outputs.at(name).span(), expected));
    CHECK(test::same_bits(outputs.at(name).span(), expected));
    const compress::IntegerLinear& layer = program.layers[at++];
    REQUIRE(layer.name == name);
    if (layer.bound <= 1 << 24)
      CHECK(test::same_bits(floats.outputs.at(name).span(),
                            oracle_linear(*linear, compression.at(name), floats.inputs.at(name))));
  }
}

std::string text(const FixedSetting& s) {
  return fmt::format("inputs {}({}), weights {}({}), {}, {}, bias {}", s.input_name, s.input_width, s.weight_name,
                     s.weight_width, s.rounding, s.per_channel ? "channel" : "tensor", s.bias_width);
}

const char* const kRoundings[] = {"nearest_even", "floor", "half_away"};

}  // namespace

TEST_CASE("integers give the bits of plain loops, of exact sums and of float32 within 24 bits, at every width") {
  MESSAGE("texts: ", trained_model().source);
  int turn = 0;
  for (int input = 2; input <= 16; ++input) {
    for (int weight = 2; weight <= 16; ++weight, ++turn) {
      const FixedSetting s{.input_width = input,
                           .weight_width = weight,
                           .rounding = kRoundings[turn % 3],
                           .per_channel = turn % 2 == 0,
                           .bias_width = turn % 5 == 0 ? 0 : 3 + turn % 13};
      INFO(text(s));
      check_all(test::fixed_compression(s));
    }
  }
}

TEST_CASE("integers give these bits for each rounding, per tensor and per channel, with float and fixed biases") {
  for (const auto& [input, weight] : {std::pair{4, 4}, {8, 4}, {8, 8}, {12, 8}, {16, 16}}) {
    for (const char* rounding : kRoundings) {
      for (const bool per_channel : {false, true}) {
        for (const int bias : {0, 8, 16}) {
          const FixedSetting s{input, weight, rounding, per_channel, bias};
          INFO(text(s));
          check_all(test::fixed_compression(s));
        }
      }
    }
  }
}

TEST_CASE("integers without signs are programs too") {
  for (const int input : {2, 7, 8, 9, 15, 16}) {
    for (const int weight : {3, 4, 8, 16}) {
      const FixedSetting s{
          .input_width = input, .weight_width = weight, .input_name = "ufixed", .weight_name = "ufixed"};
      INFO(text(s));
      check_all(test::fixed_compression(s));
    }
  }
}

TEST_CASE("pruned weights are 0 in the program, tables keep their formats, and mode mase gives its codes") {
  Compression compression = test::fixed_compression({});
  for (auto& [name, layer] : compression) {
    bert::Model model = trained_model().model;
    for (const auto& [other, linear] : model.linears()) {
      if (other != name) continue;
      for (std::int64_t i = 0; i < linear->weight.value().size(); ++i) layer.weight_mask.push_back(i % 3 != 1);
    }
  }
  compression["bert.embeddings.word_embeddings"][Role::weight] = {.format = compress::parse_format("minifloat(6,e3)")};
  check_all(compression);
  Compression mase = test::fixed_compression({.per_channel = false});
  for (auto& [name, layer] : mase) layer[Role::input]->mode = layer[Role::weight]->mode = compress::Mode::mase;
  check_all(mase);
}

TEST_CASE("layers that cannot be lowered stay as they are and say why, the others do not mind") {
  Compression compression = test::fixed_compression({});
  const std::string layer = "bert.encoder.layer.0.";
  const auto format = [](const char* text) { return compress::Quantizer{.format = compress::parse_format(text)}; };
  compression.erase(layer + "attention.self.query");
  compression[layer + "attention.self.key"][Role::weight] = format("minifloat(8,e4)");
  compression[layer + "attention.self.value"][Role::input] = format("fixed(8,4,stochastic)");
  compression[layer + "attention.output.dense"][Role::input] = format("fixed(17,4)");
  compression[layer + "output.dense"].input_sparsity = 0.5;
  compression[layer + "intermediate.dense"][Role::output] = format("fixed(6,3)");
  compression["bert.pooler.dense"][Role::output] = format("minifloat(8,e4)");
  bert::Model model = with(compression);
  const IntegerProgram program = compress::lower(model, compression);
  std::map<std::string, std::string> reasons;
  for (const compress::FloatLinear& left : program.left) reasons[left.name] = left.reason;
  CHECK(reasons == std::map<std::string, std::string>{
                       {layer + "attention.self.query", "its input is not quantised"},
                       {layer + "attention.self.key", "its weight is minifloat(8,e4,b7), which is not fixed point"},
                       {layer + "attention.self.value", "its input is rounded at random (fixed(8,4,stochastic))"},
                       {layer + "attention.output.dense", "its input has 17 bits, more than 16 (fixed(17,4))"}});
  const Tensor exact = logits(compress::exact_model(model, program));
  CHECK(equal(compress::IntegerModel(model, program).outputs(trained_model().input).value(), exact));
  const auto ignore = [](const std::string&, const Tensor&) {};
  CHECK(equal(compress::IntegerModel(model, program, ignore).outputs(trained_model().input).value(), exact));
}

TEST_CASE("a feed-forward block of which one Linear is left in float32 has the bits of exact sums") {
  for (const char* name : {"intermediate.dense", "output.dense"}) {
    CAPTURE(name);
    Compression compression = test::fixed_compression({});
    compression.erase("bert.encoder.layer.0." + std::string(name));
    bert::Model model = with(compression);
    const IntegerProgram program = compress::lower(model, compression);
    REQUIRE(program.left.size() == 1);
    CHECK(equal(compress::IntegerModel(model, program).outputs(trained_model().input).value(),
                logits(compress::exact_model(model, program))));
  }
}

TEST_CASE("a program is data: codes, formats, and bounds that sums keep") {
  const Compression compression = test::fixed_compression({.bias_width = 9});
  bert::Model model = with(compression);
  const IntegerProgram program = compress::lower(model, compression);
  REQUIRE(program.layers.size() == 14);
  for (const compress::IntegerLinear& layer : program.layers) {
    std::int64_t worst = 0;
    for (std::int64_t j = 0; j < layer.linear.n; ++j) {
      std::int64_t sum = 0;
      for (std::int64_t p = 0; p < layer.linear.k; ++p)
        sum += 128 * std::abs(layer.linear.weights[static_cast<std::size_t>(j * layer.linear.k + p)]);
      worst = std::max(worst, sum);
      CHECK(layer.bias[static_cast<std::size_t>(j)] ==
            std::ldexp(static_cast<float>(layer.bias_codes[static_cast<std::size_t>(j)]),
                       -layer.bias_frac_bits[static_cast<std::size_t>(j)]));
    }
    CHECK(layer.bound == worst);
  }
}

TEST_CASE("with a fixed bias and within 24 bits an output's code is that of one shift of the sum") {
  Compression compression = test::fixed_compression({});
  for (auto& [name, layer] : compression) {
    layer[Role::bias] = {.format = compress::parse_format("fixed(8,6)")};
    layer[Role::output] = {.format = compress::parse_format("fixed(8,4)")};
  }
  bert::Model model = with(compression);
  const IntegerProgram program = compress::lower(model, compression);
  const Record record = recorded(compress::exact_model(model, program));
  for (const compress::IntegerLinear& layer : program.layers) {
    INFO(layer.name);
    const Tensor x = record.inputs.at(layer.name), y = record.outputs.at(layer.name);
    std::int64_t n_wrong = 0;
    for (std::int64_t i = 0; i < y.size(); ++i) {
      const auto j = static_cast<std::size_t>(i % layer.linear.n);
      std::int64_t sum = 0;
      for (std::int64_t p = 0; p < layer.linear.k; ++p)
        sum += oracle_code(x.data()[i / layer.linear.n * layer.linear.k + p], layer.input, layer.input.frac_bits) *
               layer.linear.weights[j * static_cast<std::size_t>(layer.linear.k) + static_cast<std::size_t>(p)];
      const int up = layer.sum_frac_bits(static_cast<std::int64_t>(j)) - layer.bias_frac_bits[j];
      REQUIRE(up >= 0);
      sum += layer.bias_codes[j] << up;
      REQUIRE(std::abs(sum) <= 1 << 24);
      const std::int64_t code =
          engine::requantize(sum, layer.shifts[j], *layer.output->rounding, layer.output->codes());
      n_wrong += y.data()[i] != std::ldexp(static_cast<float>(code), -4);
    }
    CHECK(n_wrong == 0);
  }
}

TEST_CASE("a program is refused where weights are not what the compression says") {
  const Compression compression = test::fixed_compression({.weight_width = 4});
  bert::Model model = trained_model().model;  // nothing attached
  CHECK(test::contains(test::error_text([&] { compress::lower(model, compression); }),
                       "bert.encoder.layer.0.attention.self.query: weight 0 is not a number of 4 bits with"));
}

TEST_CASE("integer models give the same bits on one and two threads") {
  const Compression compression = test::fixed_compression({});
  bert::Model model = with(compression);
  const compress::IntegerModel integers(model, compress::lower(model, compression));
  const auto [one, two] = test::on_one_and_on(2, [&] { return integers.outputs(trained_model().input).value(); });
  CHECK(equal(one, two));
}

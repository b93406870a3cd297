// Blocks of a quantised classifier as graphs: the same codes as the fake-quantised model.
#include <doctest/doctest.h>

#include "compress/integer/ops/linear.h"
#include "compress/lower/block.h"
#include "compress/lower/recorder.h"
#include "compress/quantize/calibration.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::Role;
using test::contains;
using test::error_text;

namespace {

struct Quantised {
  bert::Model model;
  compress::Compression compression;
  compress::IntegerProgram program;
};

compress::Plan plan(int width, int outputs, const std::string& bias = "fixed(24,sums)") {
  compress::PlanEntry entry{.pattern = "*"};
  const auto set = [&](Role role, const std::string& text, bool per_channel) {
    auto& request = entry.requests[role];
    request = compress::parse_request(text);
    request->per_channel = per_channel;
  };
  set(Role::input, fmt::format("fixed({},calibrated)", width), false);
  set(Role::weight, fmt::format("fixed({},calibrated)", width), true);
  if (!bias.empty()) set(Role::bias, bias, false);
  if (outputs > 0) set(Role::output, fmt::format("fixed({},calibrated)", outputs), false);
  return {entry};
}

Quantised quantised(const compress::Plan& plan, engine::Activation activation = engine::Activation::gelu) {
  bert::Model model = test::small_model(3);
  bert::Config config = model.config;
  config.hidden_act = activation;
  for (bert::EncoderLayer& layer : model.layers) layer.activation = activation;
  model.config = config;
  for (auto& [name, linear] : model.linears()) {  // fresh ones are 0
    const std::span<float> bias = linear->bias.value().span();
    for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = 0.37f - 0.11f * static_cast<float>(i);
  }
  const std::vector<bert::Input> batches{test::small_input()};
  compress::Compression compression =
      compress::calibrate(model, {}, compress::requests_by_layer(model, plan), batches, compress::CalibrationOptions());
  compress::attach(model, compression);
  compress::IntegerProgram program = compress::lower(model, compression);
  return {std::move(model), std::move(compression), std::move(program)};
}

}  // namespace

TEST_CASE("every block gives the codes of the fake-quantised model") {
  for (const engine::Activation activation : {engine::Activation::gelu, engine::Activation::gelu_tanh}) {
    for (const int outputs : {6, 8, 10}) {
      const Quantised q = quantised(plan(8, outputs), activation);
      for (const std::string& block : compress::block_names(q.model.config)) {
        CAPTURE(block);
        const compress::Graph graph = compress::lower_block(q.program, q.model.config, block);
        compress::BlockRecorder recorder(q.model, block, graph);
        recorder.run(test::small_input());
        const compress::Vectors vectors = recorder.vectors();  // throws where they differ
        CHECK(vectors.n == (block.starts_with("ffn") ? 6 : 2));
        CHECK(vectors.output.size() == static_cast<std::size_t>(vectors.n * graph.n_out()));
        CHECK(std::any_of(vectors.output.begin(), vectors.output.end(), [](int code) { return code != 0; }));
      }
    }
  }
}

TEST_CASE("the recorder sees a graph that is not the model's") {
  const Quantised q = quantised(plan(8, 8));
  compress::Graph graph = compress::lower_block(q.program, q.model.config, "ffn.0");
  graph.nodes[2].as<compress::Linear>()->bias[0] += 1 << 12;
  compress::BlockRecorder recorder(q.model, "ffn.0", graph);
  recorder.run(test::small_input());
  CHECK_THROWS_AS(recorder.vectors(), std::runtime_error);
}

TEST_CASE("what is not integers from end to end is refused with the way to make it so") {
  const auto refusal = [](const compress::Plan& p, const std::string& block) {
    const Quantised q = quantised(p);
    return error_text([&] { compress::lower_block(q.program, q.model.config, block); });
  };
  CHECK(contains(refusal(plan(8, 8), "attention"), "the model has ffn.0, pooler, classifier, head, got 'attention'"));
  CHECK(contains(refusal(plan(8, 0), "ffn.0"), "intermediate.dense: its output is not fixed point"));
  CHECK(contains(refusal(plan(8, 8, ""), "pooler"), "bert.pooler.dense: its bias is not fixed point"));
  CHECK(contains(refusal(plan(8, 8, "fixed(16,30)"), "classifier"), "the plan's bias = \"fixed(24,sums)\""));
  CHECK(contains(refusal(plan(8, 12), "ffn.0"), "gelu takes at most 10 bits, the output has 12"));
  CHECK(contains(refusal(plan(16, 8), "ffn.0"), "more than the 2^24 up to which float32 is exact"));
  compress::Plan some = plan(8, 8);
  some.push_back({.pattern = "classifier"});
  some.back().requests[Role::weight] = compress::QuantizerRequest();
  some.back().requests[Role::bias] = compress::QuantizerRequest();
  CHECK(contains(refusal(some, "head"), "classifier: is not in integers: its weight is not quantised"));
}

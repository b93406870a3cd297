#include "compress/lower/recorder.h"

#include <fmt/format.h>

#include <stdexcept>

#include "compress/integer/fused_runner.h"
#include "compress/integer/ops/linear.h"
#include "compress/lower/block.h"

namespace ingot::compress {

BlockRecorder::BlockRecorder(const bert::Model& model, const std::string& block, const Graph& graph)
    : model_(model), graph_(graph) {
  const std::vector<std::string> names = linears_of(model.config, block);
  // An activation at the end is the pooler's, whose codes the classifier reads.
  const bool ends_in_activation = graph.nodes.back().as<Linear>() == nullptr;
  for (auto& [name, linear] : model_.linears()) {
    if (name == names.front()) listen(*linear, true, graph.input(), input_);
    if (name == (ends_in_activation ? "classifier" : names.back()))
      listen(*linear, ends_in_activation, graph.output(), output_);
  }
}

// Records the tensor after it was quantised.
void BlockRecorder::listen(engine::Linear& linear, bool to_input, const FixedPoint& format,
                           std::vector<std::int32_t>& codes) {
  auto transforms = std::make_shared<engine::TensorTransforms>(*linear.transforms);
  engine::TensorTransform& transform = to_input ? transforms->input : transforms->output;
  transform = [&codes, format, before = transform](const engine::Variable& x) {
    const engine::Variable y = before ? before(x) : x;
    for (const float v : y.value().span())
      codes.push_back(static_cast<std::int32_t>(
          engine::fixed_code(v, format.frac_bits, engine::Rounding::nearest_even, format.codes())));
    return y;
  };
  linear.transforms = std::move(transforms);
}

void BlockRecorder::run(const bert::Input& input) {
  const engine::NoGradient off;
  engine::DropoutStreams streams;
  model_.outputs(model_.encode(input, streams), input, streams);
}

Vectors BlockRecorder::vectors() const {
  const Codes codes = FusedRunner(graph_).run({&input_, 1}).front();
  std::size_t n_different = codes.size() != output_.size();
  for (std::size_t i = 0; i < std::min(codes.size(), output_.size()); ++i) n_different += codes[i] != output_[i];
  if (n_different > 0)
    throw std::runtime_error(fmt::format("{}: {} of {} codes of the graph are not the fake-quantised model's",
                                         graph_.name, n_different, output_.size()));
  return {.n = static_cast<std::int64_t>(input_.size()) / graph_.n_in(), .input = input_, .output = output_};
}

}  // namespace ingot::compress

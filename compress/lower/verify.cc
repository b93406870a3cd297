#include "compress/lower/verify.h"

#include <algorithm>
#include <cstring>

namespace ingot::compress {
namespace {

using engine::Tensor;
using engine::Variable;

void compare(const Tensor& got, const Tensor& expected, Comparison& comparison) {
  comparison.n_values += expected.size();
  for (std::int64_t i = 0; i < expected.size(); ++i)
    comparison.n_different += std::memcmp(got.data() + i, expected.data() + i, sizeof(float)) != 0;
}

}  // namespace

IntegerVerifier::IntegerVerifier(const bert::Model& model, const IntegerProgram& program)
    : exact_(exact_model(model, program)), integers_(model, program, [this](const std::string& name, const Tensor& y) {
        compare(y, expected_.at(name), layer(name));
        expected_.erase(name);
      }) {
  for (const IntegerLinear& layer : program.layers) layers_.push_back({layer.name});
  for (const auto& [name, linear] : exact_.linears()) {
    const bool lowered =
        std::any_of(layers_.begin(), layers_.end(), [&, &name = name](const auto& l) { return l.name == name; });
    if (!lowered) continue;
    auto transforms = std::make_shared<engine::TensorTransforms>(*linear->transforms);
    transforms->output = [this, name = name, before = transforms->output](const Variable& y) {
      const Variable z = before ? before(y) : y;
      expected_[name] = z.value().clone();  // a layer norm overwrites what it is given
      return z;
    };
    linear->transforms = std::move(transforms);
  }
}

Comparison& IntegerVerifier::layer(const std::string& name) {
  return *std::find_if(layers_.begin(), layers_.end(), [&](const Comparison& c) { return c.name == name; });
}

void IntegerVerifier::check(const bert::Input& input, const Tensor& logits) {
  const engine::NoGradient off;
  engine::DropoutStreams no_dropout;
  const Tensor expected = exact_.outputs(exact_.encode(input, no_dropout), input, no_dropout).value();
  integers_.outputs(input);
  compare(logits, expected, logits_);
}

}  // namespace ingot::compress

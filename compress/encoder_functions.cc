#include "compress/encoder_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bert/structure.h"
#include "compress/encoder_nodes.h"
#include "compress/integer/fused_runner.h"
#include "engine/base/threads.h"

namespace ingot::compress {
namespace {

using engine::Sequences;
using engine::Tensor;
using engine::Variable;
using SharedSequences = std::shared_ptr<const Sequences>;

constexpr std::int64_t kGrain = 1 << 14;

// The codes of numbers of the format.
Codes codes_of(const Tensor& x, int frac_bits) {
  Codes codes(static_cast<std::size_t>(x.size()));
  const auto factor = static_cast<float>(engine::power_of_two(frac_bits));
  engine::parallel_for(x.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      codes[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(x.data()[i] * factor);
  });
  return codes;
}

Tensor numbers_of(const Codes& codes, const engine::Shape& shape, int frac_bits) {
  Tensor y = Tensor::empty(shape);
  const auto factor = static_cast<float>(engine::power_of_two(-frac_bits));
  engine::parallel_for(y.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      y.data()[i] = static_cast<float>(codes[static_cast<std::size_t>(i)]) * factor;
  });
  return y;
}

// The gradient goes to y alone.
Variable with_value(const Variable& y, Tensor value) {
  return engine::record(std::move(value), {y}, [y](const Tensor& dy) { y.add_gradient(dy); });
}

Codes run_one(const Graph& graph, const Codes& x) { return FusedRunner(graph).run({&x, 1}).front(); }

Edge edge(const FixedPoint& format, std::int64_t size) { return {format, size}; }

// Runners of one graph, which shards of a step use side by side: each keeps memory from call to call.
class Runners {
 public:
  explicit Runners(Graph graph) : graph_(std::move(graph)) {}

  Codes run(std::span<const Codes> inputs, Texts texts) {
    std::unique_ptr<FusedRunner> runner = take();
    Codes y = runner->run(inputs, texts).front();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(runner));
    return y;
  }

 private:
  std::unique_ptr<FusedRunner> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<FusedRunner>(graph_);
    std::unique_ptr<FusedRunner> runner = std::move(idle_.back());
    idle_.pop_back();
    return runner;
  }

  const Graph graph_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FusedRunner>> idle_;  // guarded by the mutex
};

// A layer norm whose edges are all fixed point.
engine::LayerNorm::Function integer_norm(const NormFormats& formats, const Rounded& rounded) {
  return [formats, rounded](const Variable& x, const Variable& residual, const Variable& gamma, const Variable& beta,
                            float eps) {
    Tensor sum = Tensor::empty(x.shape());
    engine::parallel_for(sum.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        sum.data()[i] = x.value().data()[i] + (residual.defined() ? residual.value().data()[i] : 0.0f);
    });
    const std::int64_t n = x.value().columns();
    Graph graph{.name = "norm"};
    const FixedPoint wide{32, formats.sum_frac_bits, true, formats.output.rounding};
    const std::size_t in = add_input(graph, edge(residual.defined() ? sum_format(formats) : wide, n));
    add_node(graph, norm_node("norm", formats, gamma.value().span(), beta.value().span(), eps), {in},
             {edge(formats.output, n)});
    const Codes y = run_one(graph, codes_of(sum, formats.sum_frac_bits));
    const Tensor value = numbers_of(y, x.shape(), formats.output.frac_bits);
    if (!engine::recording()) return Variable(value);
    return rounded(engine::layer_norm(x, residual, gamma, beta, eps), value);
  };
}

bert::EncoderLayer::Attend integer_attention(const AttentionFormats& formats, std::int64_t n_heads, std::int64_t size,
                                             std::int64_t longest, const Rounded& rounded) {
  Graph graph{.name = "attention"};
  std::vector<std::size_t> inputs;
  for (const FixedPoint& format : {formats.query, formats.key, formats.value})
    inputs.push_back(add_input(graph, edge(format, size)));
  add_node(graph, attention_node("attention", formats, n_heads, size, longest), inputs, {edge(formats.output, size)});
  const auto runners = std::make_shared<Runners>(std::move(graph));
  return [formats, rounded, n_heads, runners](const Variable& query, const Variable& key, const Variable& value,
                                              const SharedSequences& sequences) {
    const std::vector<Codes> in{codes_of(query.value(), formats.query.frac_bits),
                                codes_of(key.value(), formats.key.frac_bits),
                                codes_of(value.value(), formats.value.frac_bits)};
    const Codes y = runners->run(in, sequences->offsets);
    Tensor found = numbers_of(y, query.shape(), formats.output.frac_bits);
    if (!engine::recording()) return Variable(std::move(found));
    return rounded(engine::attention(query, key, value, sequences, n_heads), std::move(found));
  };
}

bert::Model::Summarise integer_summary(const SummaryFormats& formats, bert::Pooling pooling, std::int64_t size,
                                       const Rounded& rounded) {
  Graph graph{.name = "summary"};
  const std::size_t in = add_input(graph, edge(formats.input, size));
  add_node(graph, summary_node("summary", pooling), {in}, {edge(formats.output, size)});
  const auto runners = std::make_shared<Runners>(std::move(graph));
  return [formats, rounded, pooling, runners](const Variable& hidden, const SharedSequences& sequences) {
    const std::vector<Codes> codes{codes_of(hidden.value(), formats.input.frac_bits)};
    const Codes y = runners->run(codes, sequences->offsets);
    const Variable real =
        pooling == bert::Pooling::mean ? engine::mean_rows(hidden, sequences) : engine::first_rows(hidden, sequences);
    return rounded(real, numbers_of(y, real.shape(), formats.output.frac_bits));
  };
}

template <class Function>
std::shared_ptr<const Function> shared(Function function) {
  return std::make_shared<const Function>(std::move(function));
}

}  // namespace

void attach_encoder(bert::Model& model, const Compression& compression) {
  const EncoderFormats formats = encoder_formats(model.config, compression);
  const bert::Config& config = model.config;
  for (const auto& [name, norm] : model.norms()) {
    const auto whole = formats.norms.find(name);
    norm->function = whole == formats.norms.end() ? nullptr : shared(integer_norm(whole->second, with_value));
  }
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    bert::EncoderLayer& layer = model.layers[static_cast<std::size_t>(i)];
    const auto found = formats.attention.find(softmax_name(i));
    layer.attend = found == formats.attention.end()
                       ? nullptr
                       : shared(integer_attention(found->second, layer.n_heads, config.hidden_size,
                                                  config.max_position_embeddings, with_value));
  }
  const bool has_softmax = compression.contains(softmax_name(0));
  model.summarise = formats.summary && has_softmax
                        ? shared(integer_summary(*formats.summary, config.pooling, config.hidden_size, with_value))
                        : nullptr;
}

void attach_encoder(bert::Model& model, const MovingFormats& moving) {
  const EncoderFormats formats = moving.formats();
  const bert::Config& config = model.config;
  for (const auto& [name, norm] : model.norms()) {
    if (!formats.norms.contains(name)) continue;
    norm->function = std::make_shared<const engine::LayerNorm::Function>([moving, name = name](const auto&... of) {
      return integer_norm(moving.formats().norms.at(name), moving.rounded(name, Role::output))(of...);
    });
  }
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    if (!formats.attention.contains(softmax_name(i))) continue;
    model.layers[static_cast<std::size_t>(i)].attend = std::make_shared<const bert::EncoderLayer::Attend>(
        [moving, config, name = softmax_name(i),
         reader = fmt::format("bert.encoder.layer.{}.attention.output.dense", i)](const auto&... of) {
          return integer_attention(moving.formats().attention.at(name), config.num_attention_heads, config.hidden_size,
                                   config.max_position_embeddings, moving.rounded(reader, Role::input))(of...);
        });
  }
  if (!formats.summary || formats.attention.empty()) return;
  model.summarise = std::make_shared<const bert::Model::Summarise>([moving, config](const auto&... of) {
    const Rounded rounded =
        answers_with_summary(config) ? Rounded(with_value) : moving.rounded(bert::kPooler, Role::input);
    return integer_summary(*moving.formats().summary, config.pooling, config.hidden_size, rounded)(of...);
  });
}

bool has_integer_encoder(const bert::Model& model) {
  return model.embeddings.norm.function != nullptr ||
         std::any_of(model.layers.begin(), model.layers.end(), [](const bert::EncoderLayer& layer) {
           return layer.attend != nullptr || layer.attention_norm.function != nullptr ||
                  layer.output_norm.function != nullptr;
         });
}

}  // namespace ingot::compress

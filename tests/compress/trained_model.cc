#include "tests/compress/trained_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "bert/tokenizers/train_tokenizer.h"
#include "bert/train/classification.h"
#include "data/source.h"
#include "engine/autograd/loss.h"
#include "engine/base/error.h"
#include "engine/optim/adamw.h"

namespace ingot::test {
namespace {

constexpr std::size_t kTexts = 240;
constexpr std::int64_t kLength = 24;

data::Corpus corpus_of(std::string& name) {
  const char* folder = std::getenv("INGOT_DATA");
  const std::string imdb = folder == nullptr ? "" : std::string(folder) + "/aclImdb.tar.gz";
  const std::string where = !imdb.empty() && std::filesystem::exists(imdb) ? imdb : "glosses";
  const auto source = data::open_source(where);
  name = source->name();
  return source->read();
}

// Some texts from all over the corpus.
std::vector<data::Example> sample(const data::Corpus& corpus) {
  std::vector<data::Example> texts;
  const std::size_t step = std::max<std::size_t>(1, corpus.train.size() / kTexts);
  for (std::size_t i = 0; i < corpus.train.size() && texts.size() < kTexts; i += step) texts.push_back(corpus.train[i]);
  return texts;
}

void train(bert::Model& model, const data::Framing& framing, const std::vector<std::vector<std::int32_t>>& ids,
           const std::vector<data::Example>& texts) {
  engine::AdamW optimizer(engine::decay_matrices(model.parameters(), 0.01f));
  for (std::size_t step = 0; step < 60; ++step) {
    data::Batch batch;
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < 16; ++i) {
      const std::size_t at = (16 * step + i) % ids.size();
      data::append_sequence(batch, framing, ids[at]);
      labels.push_back(texts[at].label);
    }
    const bert::Input input = bert::make_input(std::move(batch));
    engine::DropoutStreams streams(1, step);
    optimizer.clear_gradients();
    engine::backward(engine::cross_entropy(model.outputs(model.encode(input, streams), input, streams), labels));
    optimizer.step(2e-3f, optimizer.gradient_norm(), 1.0);
  }
}

TrainedModel make() {
  TrainedModel made;
  const data::Corpus corpus = corpus_of(made.source);
  const std::vector<data::Example> texts = sample(corpus);
  std::vector<std::string_view> views;
  for (const data::Example& text : texts) views.push_back(text.text);
  const auto tokenizer = bert::train_tokenizer({.n_pieces = 600}, views);
  std::vector<std::vector<std::int32_t>> ids;
  for (const data::Example& text : texts) ids.push_back(tokenizer->encode(text.text));
  made.model = bert::make_model({.vocab_size = tokenizer->size(),
                                 .hidden_size = 24,
                                 .num_hidden_layers = 2,
                                 .num_attention_heads = 2,
                                 .intermediate_size = 40,
                                 .max_position_embeddings = kLength,
                                 .initializer_range = 0.1f,
                                 .label_names = corpus.label_names},
                                1);
  const data::Framing framing{.cls = tokenizer->special().cls, .sep = tokenizer->special().sep, .length = kLength};
  train(made.model, framing, ids, texts);
  data::Batch batch;
  for (std::size_t i = 0; i < 9; ++i) {
    const std::size_t length = std::min<std::size_t>(ids[i].size(), 1 + 3 * i);
    data::append_sequence(batch, framing, std::span(ids[i]).first(length));
  }
  made.input = bert::make_input(std::move(batch));
  return made;
}

float largest(std::span<const float> values) {
  float most = 1e-6f;
  for (const float v : values) most = std::max(most, std::fabs(v));
  return most;
}

// Fraction bits with which numbers up to `most` fit into `width` bits with a sign.
int fitting_bits(int width, float most) { return width - 1 - std::ilogb(most) - 1; }

// The largest |input| of every Linear, on the batch.
std::map<std::string, float> largest_inputs() {
  std::map<std::string, float> most;
  bert::Model model = trained_model().model;
  for (const auto& [name, linear] : model.linears()) {
    auto transforms = std::make_shared<engine::TensorTransforms>();
    transforms->input = [&most, name = name](const engine::Variable& x) {
      most[name] = largest(x.value().span());
      return x;
    };
    linear->transforms = std::move(transforms);
  }
  const engine::NoGradient off;
  engine::DropoutStreams streams;
  const bert::Input& input = trained_model().input;
  model.outputs(model.encode(input, streams), input, streams);
  return most;
}

}  // namespace

const TrainedModel& trained_model() {
  static const TrainedModel made = make();
  return made;
}

compress::Compression fixed_compression(const FixedSetting& s) {
  static const std::map<std::string, float> inputs = largest_inputs();
  const auto fixed = [&](const std::string& name, int width, int bits) {
    return compress::Quantizer{.format =
                                   compress::parse_format(fmt::format("{}({},{},{})", name, width, bits, s.rounding))};
  };
  compress::Compression compression;
  bert::Model model = trained_model().model;
  for (const auto& [name, linear] : model.linears()) {
    compress::LayerCompression& layer = compression[name];
    const std::span<const float> weight = linear->weight.value().span(), bias = linear->bias.value().span();
    const std::size_t n = bias.size(), k = weight.size() / n;
    using compress::Role;
    layer[Role::input] = fixed(s.input_name, s.input_width, fitting_bits(s.input_width, inputs.at(name)));
    layer[Role::weight] = fixed(s.weight_name, s.weight_width, fitting_bits(s.weight_width, largest(weight)));
    for (std::size_t j = 0; s.per_channel && j < n; ++j)
      layer[Role::weight]->channel_frac_bits.push_back(fitting_bits(s.weight_width, largest(weight.subspan(j * k, k))));
    if (s.bias_width > 0) layer[Role::bias] = fixed("fixed", s.bias_width, fitting_bits(s.bias_width, largest(bias)));
  }
  return compression;
}

}  // namespace ingot::test

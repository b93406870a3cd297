#include "tests/oracle/problem.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bert/head.h"
#include "bert/structure.h"
#include "compress/formats/kind.h"
#include "compress/transforms.h"
#include "engine/base/rng.h"
#include "engine/kernels/cross_entropy/cross_entropy.h"

namespace ingot::oracle {
namespace {

using engine::Activation;

// Draws, one after another.
struct Dice : engine::Rng {
  explicit Dice(std::uint64_t seed) : Rng(seed, static_cast<std::uint64_t>(engine::Stream::test) << 56) {}
  std::int64_t from(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool chance(double p) { return uniform() < p; }
  template <class T, std::size_t n>
  T one_of(const T (&choices)[n]) {
    return choices[below(n)];
  }
  float normal_times(double scale) { return static_cast<float>(scale * normal()); }
};

// Heads that have something to learn from, with each seed another one.
const bert::Head& head_of(std::uint64_t seed) {
  std::vector<const bert::Head*> all;
  for (const bert::Head* head : bert::heads())
    if (head->loss != nullptr) all.push_back(head);
  return *all[seed % all.size()];
}

bert::Config draw_config(Dice& dice, const bert::Head& head) {
  bert::Config c{.head = &head};
  c.num_attention_heads = dice.one_of({1, 1, 2, 2, 3, 4});
  c.hidden_size = c.num_attention_heads * dice.one_of({1, 2, 3, 4, 5, 8});
  // A layer norm makes +1 and -1 of any two numbers, and little more of three: nothing flows back but rounding.
  while (c.hidden_size < 4) c.hidden_size += c.num_attention_heads;
  c.num_hidden_layers = dice.one_of({1, 1, 2, 2, 3});
  c.intermediate_size = dice.from(1, 24);
  c.vocab_size = dice.from(kFirstWord + 2, 40);
  c.max_position_embeddings = 20;
  c.type_vocab_size = dice.from(2, 3);
  c.hidden_act = dice.one_of({Activation::gelu, Activation::gelu, Activation::gelu_tanh, Activation::relu,
                              Activation::tanh, Activation::identity});
  c.hidden_dropout_prob = c.attention_probs_dropout_prob = 0;
  c.layer_norm_eps = dice.one_of({1e-12f, 1e-12f, 1e-5f, 1e-2f, 0.3f});
  c.pooling = dice.chance(0.5) ? bert::Pooling::cls : bert::Pooling::mean;
  if (head.pooler == bert::PoolerUse::optional) c.pooler = dice.chance(0.5);
  const std::int64_t n_labels = head.n_default_labels == 0 ? 0 : dice.from(head.n_default_labels, 5);
  for (std::int64_t i = 0; i < n_labels; ++i) c.label_names.push_back(fmt::format("label {}", i));
  if (dice.chance(0.25)) {
    for (const bert::Part& part : bert::optional_linears(c))
      if (dice.chance(0.3)) c.identities.push_back(part.name);
  }
  return c;
}

// Weights at which every part matters: products of about the size of their inputs, gammas around 1, biases beside 0.
bert::Model draw_model(Dice& dice, const bert::Config& config) {
  bert::Model model = bert::make_model(config, 1);
  const double embeddings = dice.one_of({0.1, 1.0}), sharpness = dice.one_of({0.7, 1.0, 1.5});
  for (const engine::Parameter& p : model.parameters()) {
    const bool is_matrix = p.variable.shape().rank() == 2, is_table = p.name.starts_with("bert.embeddings.");
    const double scale =
        is_table ? embeddings : sharpness / std::sqrt(static_cast<double>(p.variable.value().columns()));
    const bool is_gamma = p.name.ends_with("LayerNorm.weight");
    for (float& w : p.variable.value().span())
      w = is_matrix ? dice.normal_times(scale) : dice.normal_times(0.2) + (is_gamma ? 1.0f : 0.0f);
  }
  return model;
}

void draw_answers(Dice& dice, const bert::Config& config, std::size_t n_ids, Texts& texts) {
  const std::int64_t n = config.n_labels();
  texts.labels.push_back(n > 0 ? static_cast<std::int32_t>(dice.from(0, n - 1)) : data::kUnlabelled);
  const bool is_numbers = config.head->answers == data::Answers::numbers;
  if (is_numbers || config.head->answers == data::Answers::labels) {
    for (std::int64_t i = 0; i < n; ++i)
      texts.numbers.push_back(is_numbers ? dice.normal_times(1) : static_cast<float>(dice.from(0, 1)));
  }
  if (config.head->answers == data::Answers::tags) {
    for (std::size_t i = 0; i < n_ids; ++i)
      texts.tags.push_back(i > 0 && dice.chance(0.3) ? bert::kInnerToken
                                                     : static_cast<std::int32_t>(dice.from(0, n - 1)));
  }
}

// Texts of one token, all of one length, or of very different ones.
Texts draw_texts(Dice& dice, const bert::Config& config, std::int64_t n_texts, bool are_pairs) {
  Texts texts;
  const std::int64_t kind = dice.from(0, 3), all = dice.from(1, 9);
  for (std::int64_t text = 0; text < n_texts; ++text) {
    const auto length = [&] {
      return kind == 0 ? 1 : kind == 1 ? all : dice.one_of<std::int64_t>({1, 2, 3, 5, 7, 13});
    };
    const std::int64_t first = std::min<std::int64_t>(length(), are_pairs ? 8 : 99);
    const std::int64_t second = are_pairs ? std::min<std::int64_t>(length(), 8) : 0;
    for (std::int64_t i = 0; i < first + second; ++i)
      texts.ids.push_back(static_cast<std::int32_t>(dice.from(kFirstWord, config.vocab_size - 1)));
    texts.offsets.push_back(texts.ids.size());
    if (are_pairs) texts.second_sizes.push_back(static_cast<std::uint32_t>(second));
    draw_answers(dice, config, static_cast<std::size_t>(first), texts);
  }
  return texts;
}

// Texts with hidden keys, and answers for the rows of their outputs.
void draw_input(Dice& dice, Problem& p) {
  const bert::Config& config = p.model.config;
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets.push_back(0);
  const std::int64_t n_texts = 2 * dice.from(1, 2);
  const bool has_hidden = dice.chance(0.7);
  for (std::int64_t text = 0; text < n_texts; ++text) {
    const std::int64_t length = dice.one_of({1, 2, 4, 7, 12});
    for (std::int64_t i = 0; i < length; ++i) {
      p.input.ids.push_back(static_cast<std::int32_t>(dice.from(0, config.vocab_size - 1)));
      p.input.positions.push_back(static_cast<std::int32_t>(dice.from(0, config.max_position_embeddings - 1)));
      p.input.token_types.push_back(static_cast<std::int32_t>(dice.from(0, config.type_vocab_size - 1)));
      if (has_hidden) sequences->key_visible.push_back(i == 0 || dice.chance(0.6) ? 1 : 0);
    }
    sequences->offsets.push_back(static_cast<std::int32_t>(p.input.ids.size()));
  }
  const bool of_tokens = config.head->rows == bert::Head::Rows::tokens;
  const std::int64_t n_rows = of_tokens ? std::ssize(p.input.ids) : n_texts, n = config.head->n_outputs(config);
  for (std::int64_t row = 0; row < n_rows; ++row) {
    const bool is_left_out = of_tokens && row > 0 && dice.chance(0.4);
    p.input_labels.push_back(is_left_out ? engine::kernels::kIgnoredLabel
                                         : static_cast<std::int32_t>(dice.from(0, n - 1)));
    for (std::int64_t i = 0; i < n; ++i)
      p.input_numbers.push_back(config.head->answers == data::Answers::labels ? static_cast<float>(dice.from(0, 1))
                                                                              : dice.normal_times(1));
  }
  p.input.sequences = sequences;
}

void draw_teaching(Dice& dice, Problem& p, bool is_small) {
  const bert::Config& config = p.model.config;
  const bool by_outputs = config.head->lesson != nullptr && dice.chance(0.6);
  if (config.head->task.empty() || (is_small && !by_outputs) || !dice.chance(0.5)) return;
  p.is_taught = true;
  const bool may_be_unlabelled = config.head->rows == bert::Head::Rows::texts && !config.head->pairs_apart;
  if (may_be_unlabelled && dice.chance(0.6)) {
    p.unlabelled = draw_texts(dice, config, dice.from(1, 4), !p.texts.second_sizes.empty());
    p.unlabelled.numbers.clear();
  }
  if (by_outputs) {
    p.taught_weight = dice.one_of({0.3, 0.5, 1.0});
    p.temperature = dice.one_of({1.0, 1.0, 2.0, 0.5});
    const std::size_t n = (p.texts.size() + p.unlabelled.size()) * static_cast<std::size_t>(config.n_labels());
    for (std::size_t i = 0; i < n; ++i) p.taught.push_back(dice.normal_times(1));
  }
  if (is_small || (by_outputs && dice.chance(0.5))) return;
  bert::Config other = draw_config(dice, *config.head);
  other.vocab_size = config.vocab_size;
  other.type_vocab_size = config.type_vocab_size;
  other.label_names = config.label_names;
  other.num_hidden_layers = dice.from(1, 3);
  other.identities.clear();
  p.teacher = draw_model(dice, other);
  p.hidden_weight = dice.one_of({0.0, 0.5, 1.0});
  p.attention_weight = p.hidden_weight == 0 ? 1.0 : dice.one_of({0.0, 0.7});
}

Problem draw_problem(Dice& dice, std::uint64_t seed, const bert::Config& config, bool is_small) {
  Problem p{.seed = seed, .model = draw_model(dice, config)};
  const bert::Head& head = *config.head;
  const bool of_tokens = head.rows == bert::Head::Rows::tokens;
  const bool are_pairs = head.pairs_apart || (!of_tokens && dice.chance(0.3));
  p.texts = draw_texts(dice, config, dice.from(of_tokens ? 2 : 1, is_small ? 3 : 7), are_pairs);
  p.framing = {.cls = kCls, .sep = kSep, .length = 20, .pairs = are_pairs, .pairs_apart = head.pairs_apart};
  if (!are_pairs && dice.chance(0.2)) p.framing.length = dice.from(3, 8);
  p.batch = dice.from(1, std::max<std::int64_t>(1, std::ssize(p.texts.labels)));
  p.shards = head.compares_texts ? 1 : dice.one_of({1, 1, 2, 4});
  p.masked_share = dice.one_of({0.15, 0.5, 1.0});
  p.trainer = {.max_steps = 2,
               .accumulate = dice.one_of({1, 1, 2, 3}),
               .learning_rate = dice.one_of({1e-3, 1e-2, 5e-2}),
               .warm_up = dice.one_of({0.0, 0.5, 1.0}),
               .decay = dice.one_of({engine::Decay::linear, engine::Decay::cosine, engine::Decay::constant}),
               .weight_decay = dice.one_of({0.0, 0.01, 0.5}),
               .beta2 = dice.one_of({0.999, 0.98}),
               .lazy_embeddings = dice.chance(0.2),
               .clip_norm = dice.one_of({0.0, 0.01, 1.0, 1e4}),
               .seed = seed};
  if (dice.chance(0.2)) p.layer_decay = 0.7;
  draw_teaching(dice, p, is_small);
  if (!p.is_taught && config.n_labels() > 1 && config.head->answers != data::Answers::labels &&
      config.head->answers != data::Answers::numbers) {
    if (dice.chance(0.4))
      for (std::int64_t i = 0; i < config.n_labels(); ++i)
        p.class_weights.push_back(static_cast<float>(dice.uniform() + 0.1));
    if (head.smooths_labels && dice.chance(0.4)) p.smoothing = 0.3;
  }
  draw_input(dice, p);
  return p;
}

// The example of each kind, and forms of them that round by other rules.
std::vector<std::string> format_texts() {
  std::vector<std::string> texts{"fixed(4,2,stochastic)",
                                 "fixed(3,1,floor)",
                                 "binary(tensor,stochastic)",
                                 "binary(unipolar)",
                                 "binary",
                                 "ternary",
                                 "ternary(tensor,t0.5)",
                                 "mx(int8)",
                                 "block_fp(4,e8,[4])",
                                 "log(4)"};
  for (const compress::FormatKind* kind : compress::format_kinds()) texts.emplace_back(kind->example);
  return texts;
}

// Formats of weights alone, and those whose draws the last bit of what flows would change, become another one.
compress::Quantizer draw_quantizer(Dice& dice, const std::string& text, compress::Role role) {
  compress::Quantizer q{.format = compress::parse_format(text), .clip = dice.chance(0.5)};
  const bool flows = role == compress::Role::input || role == compress::Role::output;
  if ((role != compress::Role::weight && q.format.name().ends_with("_pow2")) ||
      (flows && compress::is_stochastic(q.format)))
    q.format = compress::parse_format("fixed(5,2)");
  const char* const gap = q.format.kind().mase_gap(q.format);
  if (*gap == '\0' && dice.chance(0.3)) q.mode = compress::Mode::mase;
  return q;
}

compress::LayerCompression draw_layer(Dice& dice, const std::string& text, const engine::Shape& shape) {
  compress::LayerCompression layer;
  layer[compress::Role::weight] = draw_quantizer(dice, text, compress::Role::weight);
  if (dice.chance(0.2)) {
    auto& weight = *layer[compress::Role::weight];
    weight.format = compress::parse_format("fixed(4,2)");
    weight.mode = compress::Mode::standard;
    for (std::int64_t i = 0; i < shape[0]; ++i) weight.channel_frac_bits.push_back(static_cast<int>(dice.from(1, 4)));
  }
  if (dice.chance(0.3))
    for (std::int64_t i = 0; i < shape.size(); ++i) layer.weight_mask.push_back(dice.chance(0.7) ? 1 : 0);
  return layer;
}

}  // namespace

Problem draw(std::uint64_t seed) {
  Dice dice(seed);
  return draw_problem(dice, seed, draw_config(dice, head_of(seed)), false);
}

Problem draw_compressed(std::uint64_t seed) {
  Dice dice(seed);
  const std::vector<std::string> texts = format_texts();
  bert::Config config = draw_config(dice, head_of(seed + seed / texts.size()));  // each format with every head
  config.num_hidden_layers = 1;
  config.identities.clear();
  Problem p = draw_problem(dice, seed, config, true);
  const std::string& text = texts[seed % texts.size()];
  const auto put = [&](compress::LayerCompression& layer, compress::Role role) {
    layer[role] = draw_quantizer(dice, text, role);
  };
  for (const auto& [name, linear] : p.model.linears()) {
    if (!dice.chance(0.7)) continue;
    compress::LayerCompression layer = draw_layer(dice, text, linear->weight.shape());
    if (dice.chance(0.5)) put(layer, compress::Role::bias);
    if (dice.chance(0.3)) put(layer, compress::Role::input);
    if (dice.chance(0.2)) put(layer, compress::Role::output);
    if (dice.chance(0.2)) layer.input_sparsity = 0.4;
    p.compression.emplace(name, std::move(layer));
  }
  for (const auto& [name, table] : p.model.tables())
    if (dice.chance(0.5)) p.compression.emplace(name, draw_layer(dice, text, table->weight.shape()));
  for (const auto& [name, norm] : p.model.norms()) {
    if (!dice.chance(0.3)) continue;
    compress::LayerCompression layer;
    put(layer, compress::Role::weight);
    put(layer, compress::Role::bias);
    if (dice.chance(0.4)) put(layer, compress::Role::output);
    p.compression.emplace(name, std::move(layer));
  }
  compress::attach(p.model, p.compression);
  return p;
}

std::string Problem::line() const {
  const bert::Config& c = model.config;
  std::vector<std::size_t> lengths;
  const bert::TokenPart part = texts.part();
  for (std::size_t i = 0; i < part.size(); ++i) lengths.push_back(part.tokens(i).size());
  std::string text = fmt::format(
      "INGOT_ORACLE_SEEDS={}: {} {}, layers {}, hidden {}, heads {}, inner {}, vocabulary {}, {}, eps {}, pooling {}, "
      "left out {}, texts of {} and {} without answers, length {}, batch {}, accumulate {}, shards {}, rate {}, decay "
      "{}, clip {}",
      seed, bert::architecture(*c.head), c.head->task, c.num_hidden_layers, c.hidden_size, c.num_attention_heads,
      c.intermediate_size, c.vocab_size, engine::name(c.hidden_act), c.layer_norm_eps,
      c.pooling == bert::Pooling::cls ? "cls" : "mean", c.identities, lengths, unlabelled.size(), framing.length, batch,
      trainer.accumulate, shards, trainer.learning_rate, trainer.weight_decay, trainer.clip_norm);
  if (!class_weights.empty()) text += fmt::format(", class weights {}", class_weights);
  if (smoothing > 0) text += fmt::format(", smoothing {}", smoothing);
  if (is_taught) text += fmt::format(", taught by {} of {} degrees", taught_weight, temperature);
  if (teacher) text += fmt::format(", hidden {}, attention {}", hidden_weight, attention_weight);
  for (const auto& [name, layer] : compression) {
    text += fmt::format("; {}", name);
    for (const compress::Role role : compress::kRoles) {
      if (!layer[role]) continue;
      text +=
          fmt::format(" {} {}{}{}", compress::name(role), compress::to_string(layer[role]->format),
                      layer[role]->mode == compress::Mode::mase ? " mase" : "", layer[role]->clip ? " clipped" : "");
    }
    if (!layer.weight_mask.empty()) text += " masked";
    if (layer.input_sparsity > 0) text += " sparse";
  }
  return text;
}

}  // namespace ingot::oracle

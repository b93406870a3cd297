// BERT (Devlin et al. 2019) computed number by number, as the papers write it: slow, and so plain that it can be read
// for right. Real is double for the truth, and float to see how much float32 rounds in the same model.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "bert/head.h"
#include "bert/model.h"
#include "engine/base/error.h"
#include "tests/oracle/losses.h"
#include "tests/oracle/straight_through.h"

namespace ingot::oracle {

template <class Real>
class Model : public Compressed<Real> {
 public:
  using Row = oracle::Row<Real>;
  using Rows = oracle::Rows<Real>;
  using Compressed<Real>::parameters, Compressed<Real>::is_doubtful;

  explicit Model(const bert::Model& model, bool learned = true, const compress::Compression& compression = kNothing)
      : Compressed<Real>(model, learned, compression), config_(model.config) {}

  std::vector<Rows> hidden;                  // of the last encode(): of the embeddings and of each layer
  std::vector<std::vector<Rows>> attention;  // the probabilities of each layer's heads: for each token one a key

  Rows encode(const bert::Input& input) {
    hidden.clear(), attention.clear();
    Rows x(input.ids.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Row word = looked_up("word", input.ids[i]), position = looked_up("position", input.positions[i]),
                type = looked_up("token_type", input.token_types[i]);
      for (std::size_t j = 0; j < word.size(); ++j) x[i].push_back(word[j] + position[j] + type[j]);
    }
    x = norm(x, "bert.embeddings.LayerNorm");
    hidden.push_back(x);
    for (std::int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      const std::string layer = "bert.encoder.layer." + std::to_string(i) + ".";
      const Rows q = linear(x, layer + "attention.self.query"), k = linear(x, layer + "attention.self.key"),
                 v = linear(x, layer + "attention.self.value");
      const Rows attended = linear(attend(q, k, v, *input.sequences), layer + "attention.output.dense");
      x = norm(sum(attended, x), layer + "attention.output.LayerNorm");
      const Rows inner = linear(x, layer + "intermediate.dense", config_.hidden_act);
      x = norm(sum(linear(inner, layer + "output.dense"), x), layer + "output.LayerNorm");
      hidden.push_back(x);
    }
    return x;
  }

  // What the head of that task makes of the hidden states; "": masked language modelling.
  Rows outputs(const Rows& x, const bert::Input& input) {
    const std::string_view task = config_.head->task;
    if (task == "embedding") return summary(x, *input.sequences);
    if (task == "tokens") return linear(x, "classifier");
    if (task == "single-label" || task == "multi-label" || task == "regression")
      return linear(linear(summary(x, *input.sequences), "bert.pooler.dense", engine::Activation::tanh), "classifier");
    engine::require(bert::architecture(*config_.head) == "BertForMaskedLM", "oracle: does not know the task {}", task);
    const Rows y =
        norm(linear(x, "cls.predictions.transform.dense", config_.hidden_act), "cls.predictions.transform.LayerNorm");
    return product(y, effective("bert.embeddings.word_embeddings", "weight"), parameters.at("cls.predictions.bias"));
  }

 private:
  using Compressed<Real>::effective, Compressed<Real>::rounded;

  // x W^T + b
  static Rows product(const Rows& x, const Row& weight, const Row& bias) {
    Rows y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t o = 0; o < bias.size(); ++o) {
        Number<Real> total = bias[o];
        for (std::size_t j = 0; j < x[i].size(); ++j) total = total + x[i][j] * weight[o * x[i].size() + j];
        y[i].push_back(total);
      }
    }
    return y;
  }

  // A Linear that has no parameters is left out: its result is its input.
  Rows linear(const Rows& x, const std::string& name, engine::Activation f = engine::Activation::identity) {
    if (!parameters.contains(name + ".weight")) return activated(x, f);
    const Row &weight = effective(name, "weight"), &bias = effective(name, "bias");
    const compress::LayerCompression* const how = this->compression_of(name);
    if (how == nullptr) return activated(product(x, weight, bias), f);
    const auto is_kept = this->largest(x, how->input_sparsity);
    const Rows in = this->kept(rounded(this->kept(x, is_kept), (*how)[compress::Role::input]), is_kept);
    return activated(rounded(product(in, weight, bias), (*how)[compress::Role::output]), f);
  }

  Rows activated(Rows x, engine::Activation f) {
    for (Row& row : x)
      for (Number<Real>& v : row) v = activated(v, f);
    return x;
  }
  Number<Real> activated(Number<Real> x, engine::Activation f) {
    constexpr double kRoot = 1 / std::numbers::sqrt2, kTanh = std::numbers::inv_sqrtpi * std::numbers::sqrt2;
    if (f == engine::Activation::gelu) return 0.5 * x * (1.0 + erf(kRoot * x));
    if (f == engine::Activation::gelu_tanh) return 0.5 * x * (1.0 + tanh(kTanh * (x + 0.044715 * x * x * x)));
    if (f == engine::Activation::tanh) return tanh(x);
    if (f == engine::Activation::relu) is_doubtful |= std::abs(x.value) < kMargin;
    return f == engine::Activation::relu && x.value <= 0 ? nothing(x) : x;
  }

  // (x - mean) / sqrt(variance + eps) * gamma + beta
  Rows norm(const Rows& x, const std::string& name) {
    const Row &gamma = effective(name, "weight"), &beta = effective(name, "bias");
    Rows y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto n = static_cast<Real>(x[i].size());
      Number<Real> mean = 0, variance = 0;
      for (const auto& v : x[i]) mean = mean + v / n;
      for (const auto& v : x[i]) variance = variance + (v - mean) * (v - mean) / n;
      const Number<Real> deviation = sqrt(variance + config_.layer_norm_eps);
      for (std::size_t j = 0; j < x[i].size(); ++j) y[i].push_back((x[i][j] - mean) / deviation * gamma[j] + beta[j]);
    }
    const compress::LayerCompression* const how = this->compression_of(name);
    return how == nullptr ? y : rounded(y, (*how)[compress::Role::output]);
  }

  // softmax(q k^T / sqrt(d)) v for each text and head (Vaswani et al. 2017)
  Rows attend(const Rows& q, const Rows& k, const Rows& v, const engine::Sequences& texts) {
    const auto n_heads = static_cast<std::size_t>(config_.num_attention_heads), d = q[0].size() / n_heads;
    Rows y(q.size(), Row(q[0].size()));
    std::vector<Rows>& heads = attention.emplace_back(n_heads);
    for (std::size_t head = 0; head < n_heads; ++head) {
      for (std::size_t i = 0; i < q.size(); ++i) {
        const auto [begin, end] = text_of(i, texts);
        Row p;
        std::vector<std::size_t> keys;
        for (std::size_t j = begin; j < end; ++j) {
          if (!texts.key_visible.empty() && texts.key_visible[j] == 0) continue;
          Number<Real> score = 0;
          for (std::size_t c = head * d; c < (head + 1) * d; ++c) score = score + q[i][c] * k[j][c];
          keys.push_back(j), p.push_back(score / std::sqrt(static_cast<Real>(d)));
        }
        p = softmax(p);
        for (std::size_t a = 0; a < keys.size(); ++a)
          for (std::size_t c = head * d; c < (head + 1) * d; ++c) y[i][c] = y[i][c] + p[a] * v[keys[a]][c];
        heads[head].push_back(std::move(p));
      }
    }
    return y;
  }

  static std::pair<std::size_t, std::size_t> text_of(std::size_t token, const engine::Sequences& texts) {
    const auto next = std::upper_bound(texts.offsets.begin(), texts.offsets.end(), static_cast<std::int32_t>(token));
    return {static_cast<std::size_t>(*(next - 1)), static_cast<std::size_t>(*next)};
  }

  // A row of each text: its first, or the mean of those that are visible.
  Rows summary(const Rows& x, const engine::Sequences& texts) const {
    Rows y;
    for (std::size_t text = 0; text + 1 < texts.offsets.size(); ++text) {
      const auto begin = static_cast<std::size_t>(texts.offsets[text]);
      Row total(x[0].size());
      Real n = 0;
      for (std::size_t i = begin; i < static_cast<std::size_t>(texts.offsets[text + 1]); ++i) {
        if (!texts.key_visible.empty() && texts.key_visible[i] == 0) continue;
        for (std::size_t j = 0; j < total.size(); ++j) total[j] = total[j] + x[i][j];
        n = n + 1;
      }
      for (auto& v : total) v = v / n;
      y.push_back(config_.pooling == bert::Pooling::cls ? x[begin] : total);
    }
    return y;
  }

  static Rows sum(Rows a, const Rows& b) {
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t j = 0; j < a[i].size(); ++j) a[i][j] = a[i][j] + b[i][j];
    return a;
  }

  Row looked_up(const char* table, std::int32_t id) {
    const Row& all = effective(std::string("bert.embeddings.") + table + "_embeddings", "weight");
    const std::int64_t n = config_.hidden_size;
    return Row(all.begin() + id * n, all.begin() + (id + 1) * n);
  }
  static inline const compress::Compression kNothing{};
  const bert::Config& config_;
};

}  // namespace ingot::oracle

// A vector for each text: the mean of its hidden states (or that of [CLS]), of length 1. It is learned from pairs that
// belong together: each first text must be nearer to its own second text than to those of all others in the batch
// (Henderson et al., Efficient Natural Language Response Suggestion for Smart Reply, 2017; sentence-transformers'
// MultipleNegativesRankingLoss, with its scale of 20). The encoder alone holds all weights: a BertModel.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "bert/head.h"
#include "engine/autograd/attention.h"
#include "engine/autograd/gather.h"
#include "engine/autograd/loss.h"
#include "engine/autograd/matmul.h"
#include "engine/autograd/soft_loss.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::bert {
namespace {

using engine::Json;
using engine::Variable;

constexpr const char* kArchitectures[] = {"BertModel"};
constexpr const char *kKey = "ingot_head", *kWord = "sentence_embedding";
constexpr float kScale = 20;

bool claims(const Json& config_json) {
  const auto head = config_json.find(kKey);
  return head != config_json.end() && *head == kWord;
}

void write_settings(const Config&, Json& config_json) { config_json[kKey] = kWord; }

std::int64_t n_outputs(const Config& config) { return config.hidden_size; }

Variable outputs(const Model& model, const Variable& hidden, const Input& input, engine::DropoutStreams&) {
  return model.summary(hidden, input);
}

// Rows 2 i and 2 i + 1 are a pair.
Variable loss(const Variable& outputs, const Targets&) {
  const auto n = static_cast<std::int32_t>(outputs.value().n_rows() / 2);
  std::vector<std::int32_t> first, second, own(static_cast<std::size_t>(n));
  for (std::int32_t i = 0; i < n; ++i) {
    first.push_back(2 * i);
    second.push_back(2 * i + 1);
  }
  std::iota(own.begin(), own.end(), 0);
  const Variable a = engine::normalize_rows(engine::select_rows(outputs, first), kScale);
  const Variable b = engine::normalize_rows(engine::select_rows(outputs, second));
  return engine::cross_entropy(engine::linear(a, b, Variable()), own);
}

Variable predictions(const Variable& outputs) { return engine::normalize_rows(outputs); }

// Each first text looks for its second among all seconds. Of equally near ones half are counted as nearer, so that a
// model that gives one vector to everything gets the rank of a guess. The loss is that of all pairs as one batch.
void measure(const Config& config, std::span<const float> vectors, const Targets& targets, Evaluation& evaluation) {
  const std::int64_t h = config.hidden_size, n = static_cast<std::int64_t>(vectors.size()) / h / 2;
  engine::require(targets.texts.empty() || static_cast<std::int64_t>(targets.texts.back()) == 2 * n,
                  "evaluate: an embedding is measured on pairs of texts");
  std::vector<double> ranks(static_cast<std::size_t>(n)), losses(static_cast<std::size_t>(n));
  engine::parallel_for(n, 4, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> similarity(static_cast<std::size_t>(n));
    for (std::int64_t i = begin; i < end; ++i) {
      const float* query = vectors.data() + 2 * i * h;
      for (std::int64_t j = 0; j < n; ++j) {
        const float* text = vectors.data() + (2 * j + 1) * h;
        float dot = 0;
        for (std::int64_t k = 0; k < h; ++k) dot += query[k] * text[k];
        similarity[static_cast<std::size_t>(j)] = dot;
      }
      const float own = similarity[static_cast<std::size_t>(i)];
      double nearer = 0, sum = 0;
      for (const float s : similarity) {
        nearer += s > own ? 1 : s == own ? 0.5 : 0;
        sum += std::exp(static_cast<double>(kScale * (s - own)));
      }
      ranks[static_cast<std::size_t>(i)] = nearer + 0.5;  // it is as near as itself
      losses[static_cast<std::size_t>(i)] = std::log(sum);
    }
  });
  const auto within = [&](double most) {
    return static_cast<double>(std::count_if(ranks.begin(), ranks.end(), [&](double r) { return r <= most; })) /
           static_cast<double>(n);
  };
  evaluation.recall_at_1 = within(1);
  evaluation.recall_at_10 = within(10);
  for (const double rank : ranks) evaluation.mrr += 1 / rank / static_cast<double>(n);
  evaluation.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(n);
}

constexpr Metric kMetrics[] = {{"recall_at_1", "recall@1", [](const Evaluation& e) { return e.recall_at_1; }},
                               {"recall_at_10", "recall@10", [](const Evaluation& e) { return e.recall_at_10; }},
                               {"mrr", "MRR", [](const Evaluation& e) { return e.mrr; }},
                               {"loss", "loss", [](const Evaluation& e) { return e.loss; }, true}};

}  // namespace

extern constinit const Head kSentenceEmbedding;
constinit const Head kSentenceEmbedding{.architectures = kArchitectures,
                                        .claims = claims,
                                        .task = "embedding",
                                        .answers = data::Answers::none,
                                        .pairs_apart = true,
                                        .pooler = PoolerUse::optional,
                                        .is_bare = true,
                                        .write_settings = write_settings,
                                        .rows = Head::Rows::texts,
                                        .n_outputs = n_outputs,
                                        .outputs = outputs,
                                        .loss = loss,
                                        .compares_texts = true,
                                        .predictions = predictions,
                                        .measure = measure,
                                        .metrics = kMetrics};

}  // namespace ingot::bert

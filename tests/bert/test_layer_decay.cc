#include <doctest/doctest.h>

#include <map>
#include <string>

#include "bert/heads/masked_lm.h"
#include "bert/model.h"
#include "bert/train/layer_decay.h"

using namespace ingot;

namespace {

// Factors by name, of a BERT with three layers and a decay of 1/2.
std::map<std::string, float> factors_of(const bert::Head& head, const std::vector<std::string>& identities = {}) {
  const bert::Config config{.head = &head,
                            .vocab_size = 10,
                            .hidden_size = 4,
                            .num_hidden_layers = 3,
                            .num_attention_heads = 2,
                            .intermediate_size = 4,
                            .max_position_embeddings = 4,
                            .label_names = {"a", "b"},
                            .identities = identities};
  const std::vector<engine::Parameter> parameters = bert::make_model(config, 1).parameters();
  const std::vector<float> factors = bert::layer_rate_factors(config, 0.5);
  REQUIRE(factors.size() == parameters.size());
  std::map<std::string, float> by_name;
  for (std::size_t i = 0; i < factors.size(); ++i) by_name[parameters[i].name] = factors[i];
  return by_name;
}

}  // namespace

TEST_CASE("the learning rate halves from the head down to the embeddings, layer by layer") {
  const std::map<std::string, float> factors = factors_of(bert::kSequenceClassification);
  for (const auto& [name, factor] : factors) {
    CAPTURE(name);
    if (name.starts_with("classifier.") || name.starts_with("bert.pooler.")) {
      CHECK(factor == 1.0f);
    } else if (name.starts_with("bert.encoder.layer.2.")) {
      CHECK(factor == 0.5f);
    } else if (name.starts_with("bert.encoder.layer.1.")) {
      CHECK(factor == 0.25f);
    } else if (name.starts_with("bert.encoder.layer.0.")) {
      CHECK(factor == 0.125f);
    } else {
      CHECK(name.starts_with("bert.embeddings."));
      CHECK(factor == 0.0625f);
    }
  }
  CHECK(factors.at("bert.encoder.layer.0.attention.output.LayerNorm.bias") == 0.125f);
}

TEST_CASE("layer decay passes over Linears that are left out, and knows the head of a language model") {
  const std::string left_out = "bert.encoder.layer.1.attention.self.key";
  const std::map<std::string, float> fewer = factors_of(bert::kSequenceClassification, {left_out});
  CHECK_FALSE(fewer.contains(left_out + ".weight"));
  CHECK(fewer.at("bert.encoder.layer.1.attention.self.value.bias") == 0.25f);
  CHECK(fewer.at("classifier.bias") == 1.0f);
  const std::map<std::string, float> language = factors_of(bert::kMaskedLm);
  CHECK(language.at("cls.predictions.bias") == 1.0f);
  CHECK(language.at("cls.predictions.transform.LayerNorm.weight") == 1.0f);
  CHECK(language.at("bert.embeddings.word_embeddings.weight") == 0.0625f);
}

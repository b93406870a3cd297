#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "bert/heads/masked_lm.h"
#include "bert/model.h"
#include "bert/structure.h"

using namespace ingot;
using namespace ingot::bert;

namespace {

Config small_config(const Head& head = kSequenceClassification) {
  return {.head = &head,
          .vocab_size = 40,
          .hidden_size = 16,
          .num_hidden_layers = 2,
          .num_attention_heads = 2,
          .intermediate_size = 24,
          .max_position_embeddings = 12,
          .label_names = {"a", "b", "c"}};
}

std::vector<std::string> names_of(const std::vector<Part>& parts) {
  std::vector<std::string> names;
  for (const Part& part : parts) names.push_back(part.name);
  return names;
}

}  // namespace

TEST_CASE("a model's Linears and tables are the parts that are not left out, in their order") {
  for (const Head* head : heads()) {
    Config config = small_config(*head);
    config.identities = {"bert.encoder.layer.1.attention.self.key"};
    Model model = make_model(config, 1);
    std::vector<std::string> linears, tables;
    for (const Part& part : parts(config)) {
      if (part.kind == Kind::linear && !part.is_left_out) linears.push_back(part.name);
      if (part.kind == Kind::table) tables.push_back(part.name);
    }
    std::size_t i = 0;
    REQUIRE(model.linears().size() == linears.size());
    for (const auto& [name, linear] : model.linears()) CHECK(name == linears[i++]);
    i = 0;
    REQUIRE(model.tables().size() == tables.size());
    for (const auto& [name, table] : model.tables()) CHECK(name == tables[i++]);
  }
}

TEST_CASE("every Linear reads a part that is there or an input that only Linears of one size share") {
  for (const Head* head : heads()) {
    const std::vector<Part> all = parts(small_config(*head));
    for (const Part& part : all) {
      if (part.kind != Kind::linear) continue;
      CAPTURE(part.name);
      CHECK_FALSE(part.role.empty());
      CHECK_FALSE(part.reads.empty());
      CHECK(part.can_be_left_out <= (part.n_in == part.n_out));
      for (const Part& other : all) {
        if (other.name == part.reads) CHECK(other.n_out == part.n_in);
        if (other.reads == part.reads) CHECK(other.n_in == part.n_in);
      }
    }
  }
}

TEST_CASE("query, key and value of a layer share their input, and no other Linears do") {
  std::set<std::string> inputs;
  for (const Part& part : parts(small_config())) {
    if (part.kind != Kind::linear) continue;
    const bool follows = part.role == "key" || part.role == "value";
    CHECK(inputs.insert(part.reads).second != follows);
  }
}

TEST_CASE("the Linears that can be left out are those of the attention") {
  const std::vector<Part> linears = optional_linears(small_config());
  REQUIRE(linears.size() == 8);
  CHECK(linears[0].name == "bert.encoder.layer.0.attention.self.query");
  CHECK(linears[7].name == "bert.encoder.layer.1.attention.output.dense");
  CHECK(linears[7].role == "attention_output");
  CHECK(linears[7].layer == 1);
}

TEST_CASE("the blocks are each feed-forward pair, the pooler, the classifier, and these two together") {
  const std::vector<Block> all = blocks(small_config());
  REQUIRE(all.size() == 5);
  CHECK(all[1].name == "ffn.1");
  CHECK(names_of(all[1].linears) ==
        std::vector<std::string>{"bert.encoder.layer.1.intermediate.dense", "bert.encoder.layer.1.output.dense"});
  CHECK(all[1].linears[0].activation == engine::Activation::gelu);
  CHECK(all[1].reader.empty());
  CHECK(all[2].name == "pooler");
  CHECK(all[2].linears[0].activation == engine::Activation::tanh);
  CHECK(all[2].reader == "classifier");
  CHECK(all[3].name == "classifier");
  CHECK(all[4].name == "head");
  CHECK(names_of(all[4].linears) == std::vector<std::string>{"bert.pooler.dense", "classifier"});
  CHECK(all[4].reader.empty());
  const std::vector<Block> masked = blocks(small_config(kMaskedLm));
  REQUIRE(masked.size() == 2);
  CHECK(masked[1].name == "ffn.1");
}

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include "bert/checkpoint.h"
#include "bert/config.h"
#include "bert/heads/masked_lm.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using namespace ingot::bert;
using namespace ingot::test;
using engine::Json;
namespace fs = std::filesystem;

namespace {

fs::path golden_config(const std::string& task) { return fs::path(INGOT_GOLDEN) / "bert" / task / "config.json"; }

Json golden_json(const std::string& task = "sequence-classification") {
  return Json::parse(engine::read_file(golden_config(task)));
}

Config read(const TemporaryFolder& folder, const Json& object) {
  return read_config(put(folder / "config.json", object.dump()));
}

// What reading says after the file's name when the golden configuration has `value` for `key`.
std::string complaint(const TemporaryFolder& folder, const std::string& key, const Json& value,
                      const std::string& task = "sequence-classification") {
  Json object = golden_json(task);
  object[key] = value;
  const std::string message = error_text([&] { read(folder, object); });
  const std::string subject = (folder / "config.json").string() + ": ";
  return message.starts_with(subject) ? message.substr(subject.size()) : message;
}

Config classifier() {
  Config config = named_config("tiny");
  config.label_names = {"negative", "positive"};
  return config;
}

}  // namespace

TEST_CASE("the golden configurations read as they say") {
  Config expected = {.vocab_size = 120,
                     .hidden_size = 32,
                     .num_attention_heads = 4,
                     .intermediate_size = 64,
                     .max_position_embeddings = 48,
                     .hidden_dropout_prob = 0,
                     .attention_probs_dropout_prob = 0,
                     .initializer_range = 0.2f,
                     .label_names = {"LABEL_0", "LABEL_1", "LABEL_2"}};
  CHECK(read_config(golden_config("sequence-classification")) == expected);
  expected.head = &kMaskedLm;
  CHECK(read_config(golden_config("masked-lm")) == expected);
  CHECK(expected.head_dim() == 8);
  CHECK(expected.n_labels() == 3);
}

TEST_CASE("a configuration comes back as it was written, whatever its task, activation and labels") {
  const TemporaryFolder folder;
  using engine::Activation;
  for (const Head* head : heads()) {
    for (const Activation act :
         {Activation::identity, Activation::gelu, Activation::gelu_tanh, Activation::relu, Activation::tanh}) {
      Config config = {.head = head,
                       .vocab_size = 8001,
                       .hidden_size = 96,
                       .num_hidden_layers = 3,
                       .num_attention_heads = 6,
                       .intermediate_size = 200,
                       .max_position_embeddings = 77,
                       .type_vocab_size = 1,
                       .pad_token_id = 3,
                       .hidden_act = act,
                       .hidden_dropout_prob = 0.3f,
                       .attention_probs_dropout_prob = 1.0f / 3,
                       .classifier_dropout = 0,
                       .initializer_range = 0.01f,
                       .layer_norm_eps = 1e-5f,
                       .pooling = Pooling::mean,
                       .label_names = {"noun.act", "caf\xc3\xa9 \"x\"", ""},
                       .identities = {"bert.encoder.layer.2.attention.self.value"}};
      write_config(folder / "config.json", config);
      CHECK(read_config(folder / "config.json") == config);
      config.classifier_dropout = -1;
      config.pooling = Pooling::cls;
      config.identities.clear();
      if (head->n_default_labels == 0) config.label_names.clear();
      write_config(folder / "config.json", config);
      CHECK(read_config(folder / "config.json") == config);
    }
  }
}

TEST_CASE("the written file says what Hugging Face writes, key by key") {
  const TemporaryFolder folder;
  for (const char* task : {"sequence-classification", "masked-lm"}) {
    write_config(folder / "config.json", read_config(golden_config(task)));
    const Json written = Json::parse(engine::read_file(folder / "config.json"));
    const Json golden = golden_json(task);
    for (const auto& [key, value] : written.items()) {
      CAPTURE(key);
      CHECK(golden.at(key) == value);
    }
    for (const char* key :
         {"architectures", "attention_probs_dropout_prob", "classifier_dropout", "hidden_act", "hidden_dropout_prob",
          "hidden_size", "id2label", "initializer_range", "intermediate_size", "label2id", "layer_norm_eps",
          "max_position_embeddings", "model_type", "num_attention_heads", "num_hidden_layers", "pad_token_id",
          "type_vocab_size", "vocab_size"}) {
      CAPTURE(key);
      CHECK(written.contains(key));
    }
  }
}

TEST_CASE("activations are written under the names that Hugging Face knows") {
  const TemporaryFolder folder;
  using engine::Activation;
  const std::pair<Activation, const char*> names[] = {{Activation::identity, "linear"},
                                                      {Activation::gelu, "gelu"},
                                                      {Activation::gelu_tanh, "gelu_new"},
                                                      {Activation::relu, "relu"},
                                                      {Activation::tanh, "tanh"}};
  for (const auto& [activation, name] : names) {
    Config config = classifier();
    config.hidden_act = activation;
    write_config(folder / "config.json", config);
    CHECK(Json::parse(engine::read_file(folder / "config.json")).at("hidden_act") == name);
  }
  Json object = golden_json();
  object["hidden_act"] = "gelu_pytorch_tanh";
  CHECK(read(folder, object).hidden_act == Activation::gelu_tanh);
}

TEST_CASE("what an old or sparse configuration does not say has the default of Hugging Face") {
  const TemporaryFolder folder;
  Json object = {{"hidden_size", 128},       {"num_hidden_layers", 2}, {"num_attention_heads", 2},
                 {"intermediate_size", 512}, {"vocab_size", 30522},    {"max_position_embeddings", 512}};
  Config expected = named_config("tiny");
  expected.head = &kEncoder;
  CHECK(read(folder, object) == expected);
  object["architectures"] = {"BertForSequenceClassification"};
  expected.head = &kSequenceClassification;
  expected.label_names = {"LABEL_0", "LABEL_1"};
  CHECK(read(folder, object) == expected);
  object["num_labels"] = 3;
  CHECK(read(folder, object).label_names == std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"});
  object["id2label"] = {{"0", "a"}, {"2", "c"}, {"1", "b"}};
  CHECK(read(folder, object).label_names == std::vector<std::string>{"a", "b", "c"});
  object["architectures"] = {"BertForPreTraining"};
  CHECK(read(folder, object).head == &kMaskedLm);
  object["architectures"] = {"BertModel"};
  object["pad_token_id"] = nullptr;
  object["some_other_key"] = {{"nested", Json::array({1, "two"})}};
  CHECK(read(folder, object).head == &kEncoder);
}

TEST_CASE("the named models have their sizes and another name is an error") {
  const Config tiny = named_config("tiny"), mini = named_config("mini"), small = named_config("small");
  const auto sizes = [](const Config& c) {
    return std::vector<std::int64_t>{c.num_hidden_layers, c.hidden_size, c.num_attention_heads, c.intermediate_size};
  };
  CHECK(sizes(tiny) == std::vector<std::int64_t>{2, 128, 2, 512});
  CHECK(sizes(mini) == std::vector<std::int64_t>{4, 256, 4, 1024});
  CHECK(sizes(small) == std::vector<std::int64_t>{4, 512, 8, 2048});
  CHECK(error_text([] { named_config("huge"); }) == "model: must be tiny, mini or small, got huge");
}

TEST_CASE("a value of the wrong type is an error with file, key and value") {
  const TemporaryFolder folder;
  CHECK(complaint(folder, "hidden_size", "32") == "hidden_size: must be an integer, got \"32\"");
  CHECK(complaint(folder, "hidden_size", 32.0) == "hidden_size: must be an integer, got 32.0");
  CHECK(complaint(folder, "hidden_size", nullptr) == "hidden_size: must be an integer, got null");
  CHECK(complaint(folder, "vocab_size", Json::array({1})) == "vocab_size: must be an integer, got an array");
  CHECK(complaint(folder, "vocab_size", UINT64_MAX) == "vocab_size: must be below 2^63, got 18446744073709551615");
  CHECK(complaint(folder, "layer_norm_eps", true) == "layer_norm_eps: must be a number, got true");
  CHECK(complaint(folder, "initializer_range", 1e300) == "initializer_range: must be within 1e30 of zero, got 1e+300");
  CHECK(complaint(folder, "hidden_dropout_prob", nullptr) == "hidden_dropout_prob: must be a number, got null");
  CHECK(complaint(folder, "hidden_act", 1) == "hidden_act: must be a string, got 1");
  CHECK(complaint(folder, "hidden_act", "swish").starts_with("hidden_act: "));
  CHECK(contains(complaint(folder, "hidden_act", "swish"), "swish"));
  CHECK(complaint(folder, "architectures", "BertModel") ==
        "architectures: must be an array of one string, got \"BertModel\"");
  const std::vector<std::string_view> known = architectures();
  CHECK(complaint(folder, "architectures", Json::array({"BertForNothing"})) ==
        fmt::format("architectures: must be {} or {}, got BertForNothing",
                    fmt::join(known.begin(), known.end() - 1, ", "), known.back()));
  CHECK(complaint(folder, "id2label", Json::array({"a"})) == "id2label: must be an object, got an array");
  CHECK(complaint(folder, "id2label", {{"0", 1}}) == "id2label: label 0 must be a string, got 1");
  CHECK(complaint(folder, "id2label", {{"0", "a"}, {"2", "b"}}) ==
        "id2label: must name the labels 0 to 1, label 1 is missing");
  CHECK(complaint(folder, "id2label", {{"0", "a"}, {"1", "a"}}) == "labels: names must differ, got a twice");
  CHECK(complaint(folder, "id2label", Json::object()) == "labels: a classifier must have at least one, got none");
  CHECK(complaint(folder, "num_labels", 2) == "num_labels is 2, but id2label has 3 labels");
  CHECK(complaint(folder, "num_labels", 1 << 30) == "num_labels: must be from 1 to 65536, got 1073741824");
  CHECK(complaint(folder, "ingot_pooling", "max") == "ingot_pooling: must be \"cls\" or \"mean\", got \"max\"");
  const auto identities = [&](const Json& value) { return complaint(folder, "ingot_identities", value); };
  const std::string query = "bert.encoder.layer.1.attention.self.query";
  CHECK(identities({query}) == "");
  CHECK(identities(query) == "ingot_identities: must be an array, got \"" + query + "\"");
  CHECK(identities({7}) == "ingot_identities: must hold names, got 7");
  CHECK(identities({query, query}) == "ingot_identities: " + query + " is named twice");
  for (const char* other : {"bert.encoder.layer.2.attention.self.query", "bert.encoder.layer.0.output.dense"}) {
    CHECK(identities({other}) == fmt::format("ingot_identities: '{}' is no square Linear of 2 encoder layers", other));
  }
}

TEST_CASE("a setting that would make another model is an error") {
  const TemporaryFolder folder;
  CHECK(complaint(folder, "model_type", "roberta") == "model_type: only \"bert\" is supported, got \"roberta\"");
  CHECK(complaint(folder, "position_embedding_type", "relative_key") ==
        "position_embedding_type: only \"absolute\" is supported, got \"relative_key\"");
  CHECK(complaint(folder, "is_decoder", true) == "is_decoder: only false is supported, got true");
  CHECK(complaint(folder, "add_cross_attention", true) == "add_cross_attention: only false is supported, got true");
  CHECK(complaint(folder, "is_encoder_decoder", true) == "is_encoder_decoder: only false is supported, got true");
  CHECK(complaint(folder, "pruned_heads", {{"0", {1}}}) == "pruned_heads: only {} is supported, got {\"0\":[1]}");
  CHECK(complaint(folder, "problem_type", "ranking") ==
        "problem_type: must be single_label_classification, multi_label_classification or regression, got 'ranking'");
  CHECK(complaint(folder, "tie_word_embeddings", false, "masked-lm") ==
        "tie_word_embeddings: only true is supported, got false");
  CHECK(complaint(folder, "tie_word_embeddings", false) == "");
  CHECK(complaint(folder, "position_embedding_type", "absolute") == "");
  CHECK(complaint(folder, "problem_type", nullptr) == "");
}

TEST_CASE("a value out of range is an error that gives the range") {
  const TemporaryFolder folder;
  CHECK(complaint(folder, "hidden_size", 0) == "hidden_size: must be from 1 to 65536, got 0");
  CHECK(complaint(folder, "vocab_size", -5) == "vocab_size: must be from 1 to 16777216, got -5");
  CHECK(complaint(folder, "num_hidden_layers", 1025) == "num_hidden_layers: must be from 1 to 1024, got 1025");
  CHECK(complaint(folder, "num_attention_heads", 5) ==
        "hidden_size must be a multiple of num_attention_heads, got 32 and 5");
  CHECK(complaint(folder, "pad_token_id", 120) == "pad_token_id must be below vocab_size, got 120 and 120");
  CHECK(complaint(folder, "pad_token_id", -1) == "pad_token_id: must be from 0 to 16777215, got -1");
  CHECK(complaint(folder, "hidden_dropout_prob", 1) == "hidden_dropout_prob: must be in [0, 1), got 1");
  CHECK(complaint(folder, "attention_probs_dropout_prob", -0.5) ==
        "attention_probs_dropout_prob: must be in [0, 1), got -0.5");
  CHECK(complaint(folder, "classifier_dropout", 1.5) == "classifier_dropout: must be in [0, 1), got 1.5");
  CHECK(complaint(folder, "classifier_dropout", -1) == "classifier_dropout: must be null or in [0, 1), got -1");
  CHECK(complaint(folder, "layer_norm_eps", 0) == "layer_norm_eps: must be in (0, 1), got 0");
  CHECK(complaint(folder, "initializer_range", 0) == "initializer_range: must be above 0 and at most 10, got 0");
}

TEST_CASE("a file that is no configuration is an error") {
  const TemporaryFolder folder;
  const auto about = [&](const std::string& text) {
    const fs::path path = put(folder / "config.json", text);
    return error_text([&] { read_config(path); }).substr(path.string().size());
  };
  CHECK(contains(about(""), ": not valid JSON: parse error at line 1, column 1"));
  CHECK(contains(about("{\"hidden_size\": 3,\n}"), ": not valid JSON: parse error at line 2, column 1"));
  CHECK(about("[]") == ": must be a JSON object, got an array");
  CHECK(about("{}") == ": vocab_size: is missing");
  CHECK(about("{\"vocab_size\":1,\"vocab_size\":2}") == ": name vocab_size appears twice in one JSON object");
  CHECK(contains(error_text([&] { read_config(folder / "none.json"); }), "none.json: cannot read: No such file"));
}

TEST_CASE("a configuration that is out of range or not text is not written") {
  const TemporaryFolder folder;
  const fs::path path = folder / "config.json";
  const auto about = [&](const Config& config) {
    return error_text([&] { write_config(path, config); }).substr(path.string().size());
  };
  Config config = classifier();
  config.label_names[1] = "\xff";
  CHECK(about(config) == ": labels: names must be UTF-8 text");
  config = classifier();
  config.hidden_size = 127;
  CHECK(about(config) == ": hidden_size must be a multiple of num_attention_heads, got 127 and 2");
  config = classifier();
  config.hidden_dropout_prob = std::numeric_limits<float>::quiet_NaN();
  CHECK(about(config) == ": hidden_dropout_prob: must be in [0, 1), got nan");
  config = classifier();
  config.classifier_dropout = std::numeric_limits<float>::quiet_NaN();
  CHECK(about(config) == ": classifier_dropout: must be in [0, 1), got nan");
  config = named_config("tiny");
  CHECK(about(config) == ": labels: a classifier must have at least one, got none");
  CHECK(folder.names().empty());
}

TEST_CASE("mutated configurations are read and checked or refused, never worse") {
  const TemporaryFolder folder;
  const fs::path path = folder / "config.json";
  const std::string golden = engine::read_file(golden_config("sequence-classification"));
  const Json object = Json::parse(golden);
  std::vector<std::string> keys = {"num_labels", "ingot_pooling", "pruned_heads", "position_embedding_type"};
  for (const auto& item : object.items()) keys.push_back(item.first);
  const Json values[] = {0,
                         -1,
                         1,
                         7,
                         1e9,
                         UINT64_MAX,
                         INT64_MIN,
                         1e300,
                         "gelu",
                         "",
                         "mean",
                         true,
                         nullptr,
                         Json::array(),
                         Json::object(),
                         Json::array({"BertModel"}),
                         0.5,
                         32.5,
                         {{"0", "x"}},
                         {{"-1", "x"}}};
  engine::Rng rng(2, static_cast<std::uint64_t>(engine::Stream::test));
  const auto try_text = [&](const std::string& text) {
    put(path, text);
    try {
      check(read_config(path), "what was read");
    } catch (const engine::Error& error) {
      CHECK(std::string(error.what()).starts_with(path.string()));
    }
  };
  for (int round = 0; round < 2000; ++round) {
    Json mutant = object;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const std::string& key = keys[rng.below(keys.size())];
      if (rng.below(4) == 0)
        mutant.erase(key);
      else
        mutant[key] = values[rng.below(std::size(values))];
    }
    try_text(mutant.dump());
  }
  for (int round = 0; round < 2000; ++round) {
    std::string text = golden;
    const std::size_t at = rng.below(text.size());
    if (rng.below(3) == 0)
      text.resize(at);
    else if (rng.below(2) == 0)
      text.erase(at, 1 + rng.below(20));
    else
      text[at] = static_cast<char>(rng.bits());
    try_text(text);
  }
}

TEST_CASE("the problem of a text classifier is its head: by name, else by the number of its labels") {
  const TemporaryFolder folder;
  const auto task = [&](const Json& type, std::size_t n_labels) {
    Json object = golden_json();
    object.erase("label2id");
    object["id2label"] = Json::object();
    for (std::size_t i = 0; i < n_labels; ++i) object["id2label"][std::to_string(i)] = "L" + std::to_string(i);
    object["problem_type"] = type;
    return std::string(read(folder, object).head->task);
  };
  for (const std::size_t n : {1u, 3u}) {
    CHECK(task("regression", n) == "regression");
    CHECK(task("multi_label_classification", n) == "multi-label");
  }
  CHECK(task("single_label_classification", 3) == "single-label");
  CHECK(task(nullptr, 3) == "single-label");
  CHECK(task(nullptr, 1) == "regression");
  CHECK(complaint(folder, "problem_type", "regression", "masked-lm").empty());
  Json object = golden_json();
  object.erase("label2id");
  object.erase("id2label");
  object["num_labels"] = 1;
  CHECK(read(folder, object).head->task == "regression");
  object["problem_type"] = "single_label_classification";
  CHECK(contains(error_text([&] { read(folder, object); }), "needs at least two, got one"));
}

TEST_CASE("label2id must say what id2label says") {
  const TemporaryFolder folder;
  const auto with = [&](const Json& names, const Json& ids) {
    Json object = golden_json();
    object["id2label"] = names;
    object["label2id"] = ids;
    const std::string message = error_text([&] { read(folder, object); });
    const std::string subject = (folder / "config.json").string() + ": ";
    return message.starts_with(subject) ? message.substr(subject.size()) : message;
  };
  CHECK(with({{"0", "a"}, {"1", "b"}}, {{"a", 0}, {"b", 1}}).empty());
  CHECK(with({{"0", "a"}, {"1", "b"}}, nullptr).empty());
  CHECK(with({{"0", "a"}, {"1", "b"}}, {{"a", 1}, {"b", 0}}) == "label2id: must be 0 for 'a' as id2label says, got 1");
  CHECK(with({{"0", "a"}, {"1", "b"}}, {{"a", 0}, {"c", 1}}) ==
        "label2id: must name the labels of id2label, 'b' is missing");
  CHECK(with({{"0", "a"}, {"1", "b"}}, {{"a", 0}}) == "label2id has 1 labels, id2label 2");
  CHECK(with({{"0", "a"}, {"1", "b"}}, {{"a", 0}, {"b", "1"}}) ==
        "label2id: must be 1 for 'b' as id2label says, got \"1\"");
  CHECK(with({{"0", "a"}, {"2", "b"}}, nullptr) == "id2label: must name the labels 0 to 1, label 1 is missing");
}

TEST_CASE("another model is refused by its name, and one of too many parameters by their number") {
  const TemporaryFolder folder;
  CHECK(complaint(folder, "model_type", "roberta") == "model_type: only \"bert\" is supported, got \"roberta\"");
  Json object = golden_json();
  object["model_type"] = "distilbert";
  object["architectures"] = {"DistilBertForSequenceClassification"};
  CHECK(contains(error_text([&] { read(folder, object); }), "only \"bert\" is supported, got \"distilbert\""));
  object = golden_json();
  object["vocab_size"] = 1 << 24;
  object["hidden_size"] = 1 << 16;
  CHECK(contains(error_text([&] { read(folder, object); }), "parameters, at most 2147483648 are supported"));
}

TEST_CASE("a configuration has the parameters of its tensors") {
  for (const Head* head : heads()) {
    for (const bool pooler : {true, false}) {
      Config config = classifier();
      config.head = head;
      config.pooler = pooler || head != &kEncoder;
      config.identities = {"bert.encoder.layer.1.attention.self.key"};
      std::int64_t n = 0;
      for (const ParameterSpec& spec : parameter_specs(config)) {
        std::int64_t size = 1;
        for (const std::int64_t extent : spec.shape) size *= extent;
        n += size;
      }
      CHECK(n_parameters(config) == n);
    }
  }
}

TEST_CASE("a configuration that never ends or is far too long is refused") {
  const TemporaryFolder folder;
  fs::create_symlink("/dev/zero", folder / "config.json");
  CHECK(contains(error_text([&] { read_config(folder / "config.json"); }), "must be a regular file, is a device"));
  put(folder / "long.json", std::string((16 << 20) + 1, ' '));
  CHECK(contains(error_text([&] { read_config(folder / "long.json"); }), "must have at most 16777216 bytes"));
}

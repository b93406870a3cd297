// Files of ONNX as libonnx reads them: every graph is checked, its weights and scales are those of the model by bits.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "bert/head.h"
#include "compress/onnx/model.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using compress::Compression;
using compress::OnnxModel;
using compress::Quantizer;
using compress::Role;
using engine::Activation;
using test::contains;

namespace {

struct StoredOnnx {
  std::string type, dims;
  std::string raw;

  std::vector<float> floats() const {
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
};

// What dump_onnx prints of a file that libonnx accepts.
struct Dump {
  std::string head;                           // the lines before those of nodes
  std::map<std::string, std::string> nodes;   // by name: operation, inputs, attributes
  std::map<std::string, StoredOnnx> tensors;  // by name
  std::int64_t count(const std::string& operation) const {
    return std::count_if(nodes.begin(), nodes.end(),
                         [&](const auto& node) { return node.second.starts_with(operation + " "); });
  }
};

Dump dump(const std::string& bytes) {
  const test::TemporaryFolder folder;
  test::put(folder / "model.onnx", bytes);
  const std::string out = (folder / "out").string();
  const std::string line = "'" INGOT_DUMP_ONNX "' '" + (folder / "model.onnx").string() + "' >'" + out + "' 2>&1";
  const int status = std::system(line.c_str());
  std::ifstream file(out);
  Dump found;
  for (std::string text; std::getline(file, text);) {
    std::istringstream words(text);
    std::string word, name;
    words >> word;
    if (word == "node") {
      std::string operation, rest;
      words >> operation >> name;
      std::getline(words, rest);
      found.nodes[name] = operation + rest;
    } else if (word == "tensor") {
      StoredOnnx tensor;
      words >> name >> tensor.type;
      for (std::string dim; words >> dim && dim != "=";) tensor.dims += dim + ' ';
      std::string hex;
      words >> hex;
      for (std::size_t i = 0; i < hex.size(); i += 2)
        tensor.raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
      found.tensors[name] = tensor;
    } else {
      found.head += text + '\n';
    }
  }
  INFO(found.head);
  REQUIRE(status == 0);
  return found;
}

bert::Config small_config(const bert::Head* head) {
  bert::Config config = test::small_model().config;
  config.head = head;
  if (head->n_default_labels == 0) config.label_names.clear();
  return config;
}

OnnxModel written(const bert::Model& model, const Compression& compression = {}) {
  return compress::to_onnx(model, compression, "1.2.3");
}

Dump dump(const bert::Model& model, const Compression& compression = {}) {
  return dump(written(model, compression).bytes);
}

Quantizer format(const std::string& text) { return {.format = compress::parse_format(text)}; }

// Rows [n_out, n_in] of columns [n_in, n_out].
template <class T>
std::vector<T> turned(const std::vector<T>& columns, std::size_t n_out) {
  std::vector<T> rows(columns.size());
  const std::size_t n_in = columns.size() / n_out;
  for (std::size_t i = 0; i < n_out; ++i)
    for (std::size_t j = 0; j < n_in; ++j) rows[i * n_in + j] = columns[j * n_out + i];
  return rows;
}

constexpr const char* kQuery = "bert.encoder.layer.0.attention.self.query";
constexpr const char* kInner = "bert.encoder.layer.0.intermediate.dense";

}  // namespace

TEST_CASE(
    "libonnx accepts the graph of every head, pooling and activation, and infers no shape against the declared ones") {
  for (const bert::Head* head : bert::heads()) {
    for (const bert::Pooling pooling : {bert::Pooling::cls, bert::Pooling::mean}) {
      for (const Activation activation :
           {Activation::identity, Activation::gelu, Activation::gelu_tanh, Activation::relu, Activation::tanh}) {
        bert::Config config = small_config(head);
        config.pooling = pooling;
        config.hidden_act = activation;
        const std::string name(bert::architecture(*head));
        CAPTURE(name);
        const bert::Model model = bert::make_model(config, 1);
        if (name == "BertForMaskedLM") {
          CHECK(test::error_text([&] { written(model); }) == "onnx: the head of BertForMaskedLM cannot be written yet");
          continue;
        }
        const Dump found = dump(model);
        CHECK(contains(found.head, "model 8 17 ingot 1.2.3 " + name + " of 1 layers, hidden size 8"));
        for (const char* input : {"input_ids", "attention_mask", "token_type_ids"})
          CHECK(contains(found.head, fmt::format("input {} INT64 batch sequence\n", input)));
        const std::string output = head->rows == bert::Head::Rows::none     ? "last_hidden_state FLOAT batch sequence 8"
                                   : name == "BertModel"                    ? "embeddings FLOAT batch 8"
                                   : head->rows == bert::Head::Rows::tokens ? "logits FLOAT batch sequence 2"
                                                                            : "logits FLOAT batch 2";
        CHECK(contains(found.head, "output " + output + "\n"));
        CHECK(found.count("Erf") == (activation == Activation::gelu));
        CHECK(found.count("LayerNormalization") == 3);
        CHECK(contains(found.head, "meta id2label {\"0\":\"no\",\"1\":\"yes\"}") == (head->n_default_labels > 0));
      }
    }
  }
}

TEST_CASE("the same model is the same bytes, and its tensors are those of the model bit for bit") {
  const bert::Model model = test::small_model();
  const OnnxModel once = written(model);
  CHECK(once.bytes == written(test::small_model()).bytes);
  CHECK(once.bytes != written(test::small_model(2)).bytes);
  CHECK(once.notes.empty());
  const Dump found = dump(once.bytes);
  CHECK(std::ssize(found.nodes) == once.n_nodes);
  std::size_t n = 0;
  for (const engine::Parameter& p : model.parameters()) {
    CAPTURE(p.name);
    const engine::Tensor value = p.variable.value();
    const auto straight = found.tensors.find(p.name), across = found.tensors.find(p.name + ".transposed");
    const bool is_turned = straight == found.tensors.end();
    REQUIRE((!is_turned || across != found.tensors.end()));
    std::vector<float> stored = (is_turned ? across : straight)->second.floats();
    if (is_turned) stored = turned(stored, static_cast<std::size_t>(value.shape()[0]));
    CHECK(test::same_bits(stored, value.span()));
    n += is_turned;
  }
  CHECK(n == 8);  // Linears: six of the layer, pooler, classifier
  CHECK(found.tensors.at(std::string(kInner) + ".weight.transposed").dims == "8 12 ");
  CHECK(found.nodes.at("bert.embeddings.LayerNorm.LayerNormalization").ends_with("epsilon=1e-12"));
}

TEST_CASE("a Linear that is left out has no node") {
  bert::Config config = test::small_model().config;
  config.identities = {kQuery};
  const Dump found = dump(bert::make_model(config, 1));
  CHECK(!found.nodes.contains(std::string(kQuery) + ".MatMul"));
  CHECK(found.nodes.at(std::string(kQuery) + ".Reshape").starts_with("Reshape reads bert.embeddings.LayerNorm"));
}

TEST_CASE("fixed point: codes, scales and clips are those of the formats, and readers of one tensor share its codes") {
  bert::Model model = test::small_model();
  Compression compression;
  for (const char* name : {"query", "key", "value"}) {
    compress::LayerCompression& layer = compression[std::string("bert.encoder.layer.0.attention.self.") + name];
    layer[Role::input] = format("fixed(8,5)");
    layer[Role::weight] = format("fixed(4,3)");
  }
  compress::LayerCompression& inner = compression[kInner];
  inner[Role::input] = format("fixed(4,2)");
  inner[Role::weight] = format("fixed(8,0)");
  inner[Role::weight]->channel_frac_bits = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  inner[Role::output] = format("ufixed(8,6)");
  compression["bert.embeddings.word_embeddings"][Role::weight] = format("fixed(3,2)");
  compression["bert.embeddings.position_embeddings"][Role::weight] = format("fixed(8,0)");
  compression["bert.embeddings.position_embeddings"][Role::weight]->channel_frac_bits = {1, 2, 3, 4, 5, 6};
  compress::attach(model, compression);
  const OnnxModel onnx = written(model, compression);
  CHECK(onnx.notes.empty());
  const Dump found = dump(onnx.bytes);

  CHECK(found.count("QuantizeLinear") == 3);
  const std::string query = kQuery, inner_name = kInner;
  CHECK(found.nodes.at(query + ".input.QuantizeLinear") ==
        "QuantizeLinear reads bert.embeddings.LayerNorm.LayerNormalization number.0.03125 zero_point.int8");
  CHECK(contains(found.nodes.at("bert.encoder.layer.0.attention.self.value.MatMul"),
                 "reads " + query + ".input.DequantizeLinear "));
  CHECK(found.nodes.at(inner_name + ".input.Clip").ends_with(" number.-2 number.1.75"));
  CHECK(!found.nodes.contains(query + ".input.Clip"));
  CHECK(found.nodes.at(inner_name + ".output.QuantizeLinear").ends_with(" number.0.015625 zero_point.uint8"));
  CHECK(found.tensors.at("number.0.03125").floats() == std::vector{0x1p-5f});
  CHECK(found.tensors.at("zero_point.uint8").raw == std::string(1, '\0'));

  const StoredOnnx& codes = found.tensors.at(inner_name + ".weight.codes.transposed");
  const std::vector<float> scales = found.tensors.at(inner_name + ".weight.DequantizeLinear.scales").floats();
  CHECK(codes.type == "INT8");
  CHECK(found.nodes.at(inner_name + ".weight.DequantizeLinear").ends_with("axis=1"));
  const std::string rows = [&] {
    const std::vector<char> turned_codes = turned(std::vector<char>(codes.raw.begin(), codes.raw.end()), 12);
    return std::string(turned_codes.begin(), turned_codes.end());
  }();
  const engine::Tensor weight = model.layers[0].intermediate.effective_weight().value();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(scales[i / 8] == std::ldexp(1.0f, -static_cast<int>(1 + i / 8)));
    REQUIRE(static_cast<float>(static_cast<signed char>(rows[i])) * scales[i / 8] == weight.data()[i]);
  }
  // A table with a scale for each row looks up both.
  CHECK(found.nodes.contains("bert.embeddings.position_embeddings.scales.Slice"));
  CHECK(found.nodes.at("bert.embeddings.word_embeddings.DequantizeLinear").ends_with("number.0.25 zero_point.int8"));
}

TEST_CASE("what QuantizeLinear cannot do is done by other operations, or noted where there are none") {
  bert::Model model = test::small_model();
  Compression compression;
  compression[kQuery][Role::input] = format("fixed(8,5,floor)");
  compression[kQuery][Role::weight] = format("ternary(tensor)");
  compression[kQuery].input_sparsity = 0.5;
  compression[kInner][Role::input] = format("fixed(6,3,half_away)");
  compression[kInner][Role::weight] = format("fixed(12,8)");
  compression[kInner][Role::output] = format("fixed(12,6)");
  compression["classifier"][Role::input] = format("minifloat(8,e4)");
  compression["bert.pooler.dense"][Role::input] = format("fixed(8,5,stochastic)");
  compress::attach(model, compression);
  const OnnxModel onnx = written(model, compression);
  const Dump found = dump(onnx.bytes);
  CHECK(found.count("QuantizeLinear") == 2);
  CHECK(found.count("Floor") == 1);
  CHECK(found.count("TopK") == 1);
  CHECK(found.nodes.contains(std::string(kInner) + ".input.is_half"));
  CHECK(found.nodes.at(std::string(kInner) + ".output.Clip").ends_with(" number.-2048 number.2047"));
  REQUIRE(onnx.notes.size() == 3);
  CHECK(contains(onnx.notes[0], "wider, and float32 operations round them to the same numbers: " + std::string(kInner) +
                                    ".output (fixed(12,6"));
  CHECK(contains(onnx.notes[1], "stay float32, so the outputs differ"));
  CHECK(contains(onnx.notes[1], "bert.pooler.dense.input (fixed(8,5,stochastic)), classifier.input (minifloat(8,e4"));
  CHECK(contains(onnx.notes[2], std::string(kQuery) + ".weight (ternary"));
  CHECK(contains(onnx.notes[2], std::string(kInner) + ".weight (fixed(12,8"));
}

TEST_CASE("a file of more bytes than it may have is refused before it is made") {
  const bert::Model model = test::small_model();
  const auto n = std::ssize(written(model).bytes);
  CHECK(std::ssize(compress::to_onnx(model, {}, "1.2.3", n).bytes) == n);
  CHECK(contains(test::error_text([&] { compress::to_onnx(model, {}, "1.2.3", n - 1); }),
                 fmt::format("onnx: the model needs {} bytes, more than the {} that one file may have", n, n - 1)));
  CHECK(test::error_text([&] { compress::to_onnx(model, {}, "1.2.3", 1000); }) ==
        "onnx: the model needs more than 1000 bytes, the most that one file may have");
}

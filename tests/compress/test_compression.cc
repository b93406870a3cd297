// Attaching a compression to a model, and keeping it in files.
#include <doctest/doctest.h>

#include "compress/compression.h"
#include "compress/packed/footprint.h"
#include "compress/transforms.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "tests/compress/quantized.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using compress::Compression;
using compress::Role;
using test::contains;

namespace {

const std::string kQuery = "bert.encoder.layer.0.attention.self.query";
const std::string kKey = "bert.encoder.layer.0.attention.self.key";
const std::string kOutput = "bert.encoder.layer.0.output.dense";
const std::string kWords = "bert.embeddings.word_embeddings";

compress::Quantizer quantizer(const char* format) { return {.format = compress::parse_format(format)}; }

std::vector<float> values_of(const engine::Tensor& tensor) { return {tensor.span().begin(), tensor.span().end()}; }

std::vector<std::uint8_t> every_third_pruned(std::size_t n) {
  std::vector<std::uint8_t> mask(n);
  for (std::size_t i = 0; i < n; ++i) mask[i] = i % 3 != 0;
  return mask;
}

// All kinds of settings at once.
Compression rich() {
  Compression c;
  c[kQuery][Role::input] = quantizer("fixed(8,4)");
  c[kQuery][Role::weight] = quantizer("fixed(4,0)");
  c[kQuery][Role::weight]->channel_frac_bits = {3, 2, 1, 0, -1, 2, 3, 2};
  c[kQuery][Role::bias] = quantizer("minifloat(8,e4)");
  c[kQuery][Role::bias]->mode = compress::Mode::mase;
  c[kQuery].weight_mask = every_third_pruned(64);
  c[kKey][Role::output] = quantizer("block_fp(8,e8,[1,16])");
  c[kKey][Role::output]->clip = true;
  c[kOutput].input_sparsity = 0.3;
  c[kWords].weight_mask = every_third_pruned(160);
  c[kWords][Role::weight] = quantizer("log(8)");
  return c;
}

bool equal(const Compression& a, const Compression& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.quantizers == y.second.quantizers &&
           x.second.weight_mask == y.second.weight_mask && x.second.input_sparsity == y.second.input_sparsity;
  });
}

std::string attach_error(const std::function<void(Compression&)>& change) {
  bert::Model model = test::small_model();
  Compression c = rich();
  change(c);
  return test::error_text([&] { compress::attach(model, c); });
}

}  // namespace

TEST_CASE("a layer computes with masked, then quantised weights") {
  bert::Model model = test::small_model();
  Compression c;
  c[kQuery].weight_mask = every_third_pruned(64);
  c[kQuery][Role::weight] = quantizer("binary(tensor)");  // its scale is a mean: masking later would change it
  compress::attach(model, c);
  const engine::Tensor weight = model.layers[0].query.weight.value();
  std::vector<float> expected = values_of(weight);
  for (std::size_t i = 0; i < 64; i += 3) expected[i] = 0;
  expected = test::quantized("binary(tensor)", {8, 8}, expected);
  for (std::size_t i = 0; i < 64; i += 3) expected[i] = 0;  // what is pruned stays so where a format has no 0
  CHECK(values_of(model.layers[0].query.transforms->weight(model.layers[0].query.weight).value()) == expected);
}

TEST_CASE("the model changes with what is attached, and is itself again without") {
  bert::Model model = test::small_model();
  const std::vector<float> plain = values_of(test::small_logits(model).value());
  const std::vector<float> weights = values_of(model.layers[0].query.weight.value());
  compress::attach(model, rich());
  const std::vector<float> compressed = values_of(test::small_logits(model).value());
  CHECK(compressed != plain);
  compress::attach(model, rich());
  CHECK(values_of(test::small_logits(model).value()) == compressed);
  compress::attach(model, {});
  CHECK(values_of(test::small_logits(model).value()) == plain);
  CHECK(values_of(model.layers[0].query.weight.value()) == weights);
}

TEST_CASE("an input that three layers read is quantised as three would, and gets the gradients of all") {
  // Equal quantizers share one node. Clipping makes them differ, and changes nothing inside of the range.
  const auto gradients = [](bool key_clips) {
    bert::Model model = test::small_model();
    Compression c;
    c[kQuery][Role::input] = quantizer("fixed(8,4)");
    c[kKey][Role::input] = quantizer("fixed(8,4)");
    c[kKey][Role::input]->clip = key_clips;
    compress::attach(model, c);
    test::small_step(model);
    std::vector<std::vector<float>> all;
    for (const engine::Parameter& p : model.parameters()) all.push_back(values_of(p.variable.gradient()));
    return all;
  };
  const auto shared = gradients(false), alone = gradients(true);
  CHECK(shared.size() == alone.size());
  for (std::size_t i = 0; i < shared.size(); ++i) {
    for (std::size_t j = 0; j < shared[i].size(); ++j) {
      CHECK(std::abs(shared[i][j] - alone[i][j]) <= 1e-5f * (1 + std::abs(alone[i][j])));
    }
  }
}

TEST_CASE("gradients of pruned weights are 0, in embeddings too, and of the others they are not") {
  bert::Model model = test::small_model();
  compress::attach(model, rich());
  test::small_step(model);
  const std::vector<float> query = values_of(model.layers[0].query.weight.gradient());
  for (std::size_t i = 0; i < 64; i += 3) CHECK(query[i] == 0);
  CHECK(std::count(query.begin(), query.end(), 0.0f) < 40);  // 22, and where an input is quantised to 0
  const engine::Variable& table = model.embeddings.word.weight;
  REQUIRE(table.touched_rows() != nullptr);
  CHECK(*table.touched_rows() == std::vector<std::int32_t>{2, 3, 5, 7, 9});
  const std::vector<float> words = values_of(table.gradient());
  for (std::size_t row : {2, 3, 5, 7, 9}) {
    for (std::size_t i = 8 * row; i < 8 * row + 8; ++i) CHECK((words[i] == 0) == (i % 3 == 0));
  }
}

TEST_CASE("what does not fit the model is refused") {
  CHECK(contains(attach_error([](Compression& c) { c["bert.encoder.layer.1.output.dense"]; }),
                 "compression: bert.encoder.layer.1.output.dense: is not a layer of this model of 1 encoder layers"));
  CHECK(contains(attach_error([](Compression& c) { c[kQuery][Role::weight]->channel_frac_bits.pop_back(); }),
                 kQuery + ".weight: needs 8 fraction bits, one a channel, got 7"));
  CHECK(contains(attach_error([](Compression& c) { c[kQuery][Role::weight]->channel_frac_bits[2] = 127; }),
                 "fraction bits must be between -95 and 126, got 127"));
  CHECK(contains(attach_error([](Compression& c) { c[kQuery][Role::bias]->channel_frac_bits = {1}; }),
                 "fraction bits by channel need deterministic fixed point in mode standard, got minifloat(8,e4,b7)"));
  CHECK(contains(attach_error([](Compression& c) { c[kQuery][Role::input]->channel_frac_bits = {1}; }),
                 kQuery + ".input: only weight and bias have fraction bits by channel"));
  CHECK(contains(attach_error([](Compression& c) { c[kQuery].weight_mask.push_back(1); }),
                 "mask must have the 64 elements of its weight [8,8], got 65"));
  CHECK(contains(attach_error([](Compression& c) { c[kQuery].weight_mask[7] = 2; }), "must hold 0 and 1 only"));
  CHECK(contains(attach_error([](Compression& c) { c[kOutput].input_sparsity = 1; }),
                 "input sparsity must be at least 0 and below 1, got 1"));
  CHECK(contains(attach_error([](Compression& c) { c[kWords][Role::bias] = quantizer("log(8)"); }),
                 kWords + ": is an embedding, which has no bias"));
  CHECK(contains(attach_error([](Compression& c) {
                   c[kOutput][Role::input] = quantizer("mx(int8)");
                   c[kOutput][Role::input]->mode = compress::Mode::mase;
                 }),
                 kOutput + ".input: mx(int8): needs mode standard"));
}

TEST_CASE("a compression comes back from its files, and an empty one removes them") {
  const test::TemporaryFolder folder;
  bert::Model model = test::small_model();
  compress::save_compression(folder.path(), rich());
  CHECK(folder.names() == std::vector<std::string>{"compression.json", "masks.safetensors"});
  const Compression loaded = compress::load_compression(folder.path(), model);
  CHECK(equal(loaded, rich()));
  CHECK(compress::fingerprint(loaded) == compress::fingerprint(rich()));
  Compression other = rich();
  other[kQuery].weight_mask[1] = 0;
  CHECK(compress::fingerprint(other) != compress::fingerprint(rich()));
  CHECK(engine::read_file(folder / "masks.safetensors").size() < 400);  // 8 + 20 bytes of masks
  for (auto& [name, layer] : other) layer.weight_mask.clear();
  compress::save_compression(folder.path(), other);
  CHECK(folder.names() == std::vector<std::string>{"compression.json"});
  CHECK(equal(compress::load_compression(folder.path(), model), other));
  compress::save_compression(folder.path(), {});
  CHECK(folder.names().empty());
  CHECK(compress::load_compression(folder.path(), model).empty());
}

TEST_CASE("damaged files are refused with file, layer, rule and value") {
  const test::TemporaryFolder folder;
  bert::Model model = test::small_model();
  const auto refusal = [&](const std::string& from, const std::string& to) {
    compress::save_compression(folder.path(), rich());
    std::string text = engine::read_file(folder / "compression.json");
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    test::put(folder / "compression.json", text);
    const std::string error = test::error_text([&] { compress::load_compression(folder.path(), model); });
    CHECK(error.starts_with(folder.path().string()));
    return error;
  };
  CHECK(contains(refusal("\"fixed(8,4)\"", "\"fixed(0,4)\""), kQuery + ".input.format: fixed(0,4): width must be"));
  CHECK(contains(refusal("\"fixed(8,4)\"", "8"), kQuery + ".input.format: must be a text, got 8"));
  CHECK(contains(refusal("\"clip\": true", "\"clip\": 1"), kKey + ".output.clip: must be true or absent, got 1"));
  CHECK(contains(refusal("\"mase\"", "\"fast\""), "bias.mode: mode must be standard or mase, got 'fast'"));
  CHECK(contains(refusal("\"mask\"", "\"maks\""), "unknown name 'maks'"));
  CHECK(contains(refusal("\"ingot_compression\": 1", "\"ingot_compression\": 2"), "must be 1, got 2"));
  CHECK(contains(refusal("0.3", "\"half\""), kOutput + ".input_sparsity: must be a number, got \"half\""));
  CHECK(contains(refusal("-1", "1.5"), "channel_frac_bits: must hold integers between -1000 and 1000, got 1.5"));
  CHECK(contains(refusal("layer.0.attention.self.query", "layer.7.attention.self.query"), "is not a layer"));
  CHECK(contains(refusal("{", "["), "not valid JSON"));
}

TEST_CASE("masks must be those that the plan names") {
  const test::TemporaryFolder folder;
  bert::Model model = test::small_model();
  const auto error = [&] { return test::error_text([&] { compress::load_compression(folder.path(), model); }); };
  compress::save_compression(folder.path(), rich());
  const std::string masks = engine::read_file(folder / "masks.safetensors");
  Compression fewer = rich();
  fewer[kWords].weight_mask.clear();
  compress::save_compression(folder.path(), fewer);
  test::put(folder / "masks.safetensors", masks);
  CHECK(contains(error(), kWords + ": " + (folder / "compression.json").string() + " says nothing of this mask"));
  compress::save_compression(folder.path(), rich());
  std::filesystem::remove(folder / "masks.safetensors");
  CHECK(contains(error(), "masks.safetensors"));
  compress::save_compression(folder.path(), {});
  test::put(folder / "masks.safetensors", masks);
  CHECK(contains(error(), "has no compression.json beside it"));
  bert::Model wider = bert::make_model({.vocab_size = 21,
                                        .hidden_size = 8,
                                        .num_hidden_layers = 1,
                                        .intermediate_size = 12,
                                        .max_position_embeddings = 6,
                                        .label_names = {"no", "yes"}},
                                       1);
  compress::save_compression(folder.path(), rich());
  CHECK(contains(test::error_text([&] { compress::load_compression(folder.path(), wider); }),
                 kWords + ": expected shape [21], got [20]"));
}

TEST_CASE("files with a changed byte, or cut anywhere, load as something that fits or are refused") {
  const test::TemporaryFolder folder;
  bert::Model model = test::small_model();
  engine::Rng rng(3);
  int n_refused = 0;
  for (const char* file : {"compression.json", "masks.safetensors"}) {
    compress::save_compression(folder.path(), rich());
    const std::string whole = engine::read_file(folder / file);
    for (int i = 0; i < 1500; ++i) {
      std::string damaged = whole;
      if (i % 4 == 0) {
        damaged.resize(rng.below(whole.size()));
      } else {
        damaged[rng.below(damaged.size())] =
            static_cast<char>(rng.below(i % 4 == 1 ? 256 : 96) + (i % 4 == 1 ? 0 : 32));
      }
      test::put(folder / file, damaged);
      try {
        compress::attach(model, compress::load_compression(folder.path(), model));
      } catch (const engine::Error&) {
        ++n_refused;
      }
    }
    test::put(folder / file, whole);
  }
  CHECK(n_refused > 2000);
  CHECK(n_refused < 3000);  // a changed format or mask may still be one
}

TEST_CASE("the footprint counts bits of every parameter, by hand") {
  bert::Model model = test::small_model();
  Compression c;
  c[kQuery][Role::weight] = quantizer("fixed(4,2)");
  c[kQuery][Role::bias] = quantizer("fixed(8,4)");
  c[kOutput].weight_mask = every_third_pruned(96);
  std::int64_t n = 0;
  for (const engine::Parameter& p : model.parameters()) n += p.variable.value().size();
  const compress::Footprint f = compress::footprint(model, c);
  const std::int64_t bits = 32 * (n - 64 - 8) + 4 * 64 + 8 * 8;
  CHECK(f.average_bits == doctest::Approx(static_cast<double>(bits) / static_cast<double>(n)));
  // The pruned weights are left out, for a bit each; what is left is the header of the file.
  const std::int64_t packed = (bits + 7) / 8 - 4 * 32 + 96 / 8;
  CHECK(f.packed_bytes > packed);
  CHECK(f.packed_bytes < packed + 3000);
  CHECK(f.float_bytes == 4 * n);
  CHECK(f.sparsity == doctest::Approx(1.0 / 3));
  REQUIRE(f.layers.size() == 2);
  CHECK(f.layers[0].name == kQuery);
  CHECK(f.layers[0].formats[1] == "fixed(4,2)");
  CHECK(f.layers[0].formats[0] == "float32");
  CHECK(f.layers[1].zeros == 32);
  CHECK(f.layers[1].weights == 96);
}

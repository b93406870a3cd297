// Packed codes: bytes against hand-made ones, tensors of every format there and back, whole models, damaged files.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "compress/formats/kind.h"
#include "compress/lower/integer_model.h"
#include "compress/packed/codes.h"
#include "compress/packed/model.h"
#include "compress/packed/tensor.h"
#include "compress/transforms.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/compress/small_model.h"
#include "tests/compress/trained_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using compress::Compression;
using compress::PackedTensor;
using compress::Quantizer;
using compress::Role;
using test::contains;
using test::error_text;
using Bytes = std::vector<std::uint8_t>;
using Codes = std::vector<std::uint32_t>;

namespace {

std::optional<Quantizer> quantizer(const std::string& format) {
  return Quantizer{.format = compress::parse_format(format)};
}

std::vector<float> quantised(const Quantizer& q, const engine::Shape& shape, const std::vector<float>& x) {
  const engine::Variable y = compress::fake_quantize(engine::Variable(engine::Tensor::from(shape, x)), q, false);
  return {y.value().span().begin(), y.value().span().end()};
}

std::vector<float> unpacked(const std::optional<Quantizer>& q, const engine::Shape& shape, const PackedTensor& packed) {
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  compress::unpack_tensor("t", q, shape, packed, values);
  return values;
}

engine::Tensor logits(const bert::Model& model) {
  const engine::NoGradient off;
  engine::DropoutStreams streams;
  const bert::Input& input = test::trained_model().input;
  return model.outputs(model.encode(input, streams), input, streams).value();
}

// The compressed model, packed and read again, predicts the same bits.
compress::PackedModel check_round_trip(const Compression& compression, const std::filesystem::path& folder) {
  bert::Model model = test::trained_model().model;
  compress::attach(model, compression);
  const auto n_bytes = compress::packed_bytes(model, compression);
  REQUIRE(n_bytes.has_value());
  compress::save_packed(folder, model, compression);
  CHECK(static_cast<std::int64_t>(std::filesystem::file_size(folder / "packed.safetensors")) == *n_bytes);
  compress::PackedModel packed = compress::load_packed(folder);
  CHECK(test::same_bits(logits(packed.model).span(), logits(model).span()));
  return packed;
}

std::string text_of(const std::filesystem::path& path) { return engine::read_file(path); }

}  // namespace

TEST_CASE("codes lie side by side, the lowest bits first, and five trits fill a byte") {
  CHECK(compress::pack_codes(Codes{1, 0, 1, 1, 0, 0, 0, 1, 1}, 2) == Bytes{0b10001101, 0b1});
  CHECK(compress::pack_codes(Codes{5, 2, 7}, 8) == Bytes{0b11010101, 0b1});
  CHECK(compress::pack_codes(Codes{0xabcd, 0x1234}, 1 << 16) == Bytes{0xcd, 0xab, 0x34, 0x12});
  CHECK(compress::pack_codes(Codes{0xffffffff, 1}, std::uint64_t{1} << 32) == Bytes{255, 255, 255, 255, 1, 0, 0, 0});
  CHECK(compress::pack_codes(Codes{2, 1, 0, 2, 1, 2}, 3) == Bytes{2 + 3 + 0 + 54 + 81, 2});
  CHECK(compress::pack_codes(Codes{0, 0, 0}, 1).empty());
  CHECK(compress::pack_codes(Codes{}, 8).empty());
}

TEST_CASE("codes of every count and length come back") {
  engine::Rng rng(3, 1);
  for (const std::uint64_t count : {1u, 2u, 3u, 4u, 5u, 16u, 100u, 243u, 256u, 257u, 65536u, 1u << 31}) {
    for (std::size_t n = 0; n < 20; ++n) {
      Codes codes;
      for (std::size_t i = 0; i < n; ++i) codes.push_back(static_cast<std::uint32_t>(rng.below(count)));
      const Bytes bytes = compress::pack_codes(codes, count);
      CHECK(bytes.size() == compress::packed_size(n, count));
      CHECK(compress::unpack_codes("t", bytes, n, count) == codes);
    }
  }
}

TEST_CASE("bytes that no codes make are refused") {
  const auto refused = [](const Bytes& bytes, std::size_t n, std::uint64_t count) {
    return error_text([&] { compress::unpack_codes("t", bytes, n, count); });
  };
  CHECK(refused({1, 1}, 3, 8).empty());
  CHECK(refused({1}, 3, 8) == "t: 3 codes of 8 take 2 bytes, got 1");
  CHECK(refused({1, 4}, 3, 8) == "t: the bits after the last code must be 0");
  CHECK(refused({7}, 1, 6) == "t: code 0 must be below 6, got 7");
  CHECK(refused({243}, 5, 3) == "t: byte 0 must be below 243, got 243");
  CHECK(refused({9}, 2, 3) == "t: byte 0 holds more than the last code");
}

TEST_CASE("a tensor of every format comes back, pruned or not, in at most the bits of its format") {
  const engine::Shape shape{12, 40};
  const std::vector<float> x = test::noise(shape.size(), 5, 0.7);
  std::vector<std::string> formats{"fixed(1,0)",
                                   "fixed(3,1)",
                                   "fixed(16,9)",
                                   "fixed(24,12)",
                                   "ufixed(5,3)",
                                   "minifloat(5,e2)",
                                   "minifloat(16,e5)",
                                   "log(4)",
                                   "binary(tensor)",
                                   "binary",
                                   "ternary(tensor)",
                                   "ternary",
                                   "block_fp(4,e4,[4,8])",
                                   "block_fp(9,e8,[3,7])",
                                   "mx(fp4_e2m1)",
                                   "mx(int8)",
                                   "mx(fp8_e5m2)",
                                   "block_minifloat(6,e3,e4,[1,16])",
                                   "block_log(5,e5,[5,-1])",
                                   "binary_residual(3)"};
  for (const compress::FormatKind* kind : compress::format_kinds()) formats.emplace_back(kind->example);
  for (const std::string& format : formats) {
    for (const compress::Mode mode : {compress::Mode::standard, compress::Mode::mase}) {
      Quantizer q = *quantizer(format);
      q.mode = mode;
      if (!error_text([&] { compress::check_mode(q.format, mode); }).empty()) continue;
      for (const double sparsity : {0.0, 0.1, 0.9, 1.0}) {
        INFO(format, " ", std::string(mode == compress::Mode::mase ? "mase" : "standard"), " sparsity ", sparsity);
        std::vector<float> values = quantised(q, shape, x);
        for (std::size_t i = 0; i < values.size(); ++i)
          if (static_cast<double>(i * 7 % 100) < 100 * sparsity) values[i] = 0;
        const PackedTensor packed = compress::pack_tensor("t", q, shape, values);
        const std::vector<float> back = unpacked(q, shape, packed);
        CHECK(back == values);
        const auto n = static_cast<double>(values.size());
        const double tables = format.starts_with("binary_residual") ? 4 * 9 : 0;
        const double exponents = 8 * static_cast<double>(packed.exponents.size());  // some formats count fewer bits
        CHECK(8 * static_cast<double>(packed.bytes()) <=
              n * (compress::bits_per_value(q.format, shape) + (sparsity > 0 ? 1 : 0)) + 8 * tables + exponents + 8);
        if (sparsity == 1.0) CHECK(packed.mask.size() + packed.codes.size() <= values.size() / 8);
      }
    }
  }
}

TEST_CASE("fixed codes with fraction bits of their channels, and floats, come back") {
  Quantizer q = *quantizer("fixed(5,0)");
  q.channel_frac_bits = {3, -1, 6};
  const engine::Shape shape{3, 7};
  const std::vector<float> values = quantised(q, shape, test::noise(21, 6));
  const PackedTensor packed = compress::pack_tensor("t", q, shape, values);
  CHECK(packed.bytes() == (21 * 5 + 7) / 8);
  CHECK(unpacked(q, shape, packed) == values);
  std::vector<float> floats = test::noise(21, 7);
  CHECK(unpacked({}, shape, compress::pack_tensor("t", {}, shape, floats)) == floats);
  for (std::size_t i = 0; i < 10; ++i) floats[2 * i] = 0;
  const PackedTensor sparse = compress::pack_tensor("t", {}, shape, floats);
  CHECK(sparse.bytes() == 3 + 4 * 11);
  CHECK(unpacked({}, shape, sparse) == floats);
}

TEST_CASE("ternary takes five elements a byte, or one bit for each and one for each that is not 0") {
  const Quantizer q = *quantizer("ternary(tensor)");
  const engine::Shape shape{4, 20};
  std::vector<float> values(80, 0.5f);
  for (std::size_t i = 0; i < 80; i += 3) values[i] = i % 2 == 0 ? -0.5f : 0.0f;
  const PackedTensor dense = compress::pack_tensor("t", q, shape, values);
  CHECK(dense.mask.empty());
  CHECK(dense.codes.size() == 16);
  CHECK(dense.floats == std::vector<float>{0.5f});
  for (std::size_t i = 0; i < 40; ++i) values[i] = 0;
  const PackedTensor sparse = compress::pack_tensor("t", q, shape, values);
  CHECK(sparse.mask.size() == 10);
  CHECK(sparse.codes.size() <= 5);
}

TEST_CASE("a number that the format does not have is refused") {
  CHECK(error_text([] {
          compress::pack_tensor("t", quantizer("fixed(4,1)"), {2}, std::vector<float>{0.5f, 0.3f});
        }) == "t: element 1 is 0.3, which is not a number of fixed(4,1) and cannot be packed");
  CHECK(error_text([] { compress::pack_tensor("t", quantizer("minifloat(8,e4)"), {1}, std::vector<float>{0.3f}); }) ==
        "t: element 0 is 0.3, which is not a number of minifloat(8,e4,b7) and cannot be packed");
  const std::vector<float> many = test::noise(300, 8);
  CHECK(contains(
      error_text([&] { compress::pack_tensor("t", quantizer("minifloat(24,e8)"), {300}, many); }),
      "t: minifloat(24,e8,b127) cannot be packed: a tensor may have at most 256 different numbers, this one has"));
}

TEST_CASE("parts of a tensor that do not fit it are refused") {
  const auto refused = [](const std::string& format, const PackedTensor& packed) {
    return error_text([&] { unpacked(quantizer(format), {2, 8}, packed); });
  };
  CHECK(refused("fixed(4,1)", {.codes = Bytes(8)}).empty());
  CHECK(refused("fixed(4,1)", {.codes = Bytes(7)}) == "t: 16 codes of 16 take 8 bytes, got 7");
  CHECK(refused("fixed(4,1)", {.codes = Bytes(8), .floats = {1}}) == "t: 0 floats expected, got 1");
  CHECK(refused("fixed(4,1)", {.mask = Bytes(3), .codes = {}}) == "t: 2 bytes of mask expected, got 3");
  CHECK(refused("fixed(4,1)", {.mask = {3, 0}, .codes = {0x21}}).empty());
  CHECK(refused("binary(channel)", {.codes = Bytes(2), .floats = {1}}) == "t: 2 floats expected, got 1");
  CHECK(refused("binary(channel)", {.codes = Bytes(2), .floats = {1, HUGE_VALF}}) == "t: floats must be finite");
  CHECK(refused("mx(int8)", {.codes = Bytes(16)}) == "t: 2 exponents expected, got 0");
  CHECK(refused("binary_residual(1)", {.codes = Bytes(2), .floats = {1, 1}}) == "t: the numbers must ascend");
}

TEST_CASE("a packed model predicts the bits of the compressed one, whatever the formats") {
  const test::TemporaryFolder folder;
  int i = 0;
  for (const char* format : {"fixed(6,5)", "minifloat(8,e4)", "log(6)", "ternary(channel)", "binary(channel)",
                             "mx(fp6_e2m3)", "block_fp(6,e8,[1,16])", "binary_residual(2)"}) {
    for (const bool pruned : {false, true}) {
      INFO(format, pruned ? " pruned" : "");
      Compression compression;
      bert::Model model = test::trained_model().model;
      const auto compressed = [&](const std::string& name,
                                  const engine::Variable& weight) -> compress::LayerCompression& {
        compress::LayerCompression& layer = compression[name];
        layer[Role::weight] = quantizer(format);
        for (std::int64_t at = 0; pruned && at < weight.value().size(); ++at) layer.weight_mask.push_back(at % 5 < 2);
        return layer;
      };
      for (const auto& [name, linear] : model.linears()) {
        compress::LayerCompression& layer = compressed(name, linear->weight);
        layer[Role::input] = quantizer("fixed(8,4)");
        layer[Role::bias] = quantizer("fixed(8,6)");
        layer.input_sparsity = 0.2;
      }
      compressed("bert.embeddings.word_embeddings", model.embeddings.word.weight);
      check_round_trip(compression, folder / std::to_string(i++));
    }
  }
}

TEST_CASE("a packed model is a program of integers as the unpacked one is, and weighs what its codes do") {
  const test::TemporaryFolder folder;
  const Compression compression = test::fixed_compression({.weight_width = 4, .bias_width = 8});
  compress::PackedModel packed = check_round_trip(compression, folder / "packed");
  bert::Model model = test::trained_model().model;
  compress::attach(model, compression);
  const compress::IntegerModel unpacked(model, compress::lower(model, compression));
  const compress::IntegerModel integers(packed.model, compress::lower(packed.model, packed.compression));
  const bert::Input& input = test::trained_model().input;
  CHECK(test::same_bits(integers.outputs(input).value().span(), unpacked.outputs(input).value().span()));
  std::int64_t bits = 0;
  for (const engine::Parameter& p : model.parameters()) {
    const bool linear = compression.contains(p.name.substr(0, p.name.rfind('.')));
    bits += p.variable.value().size() * (!linear ? 32 : p.name.ends_with(".bias") ? 8 : 4);
  }
  const auto n_bytes = *compress::packed_bytes(model, compression);
  CHECK(n_bytes >= bits / 8);
  CHECK(n_bytes <= bits / 8 + 6000);  // the header
}

TEST_CASE("a model without compression, and one that is only pruned, are packed as floats") {
  const test::TemporaryFolder folder;
  check_round_trip({}, folder / "plain");
  Compression pruned;
  bert::Model model = test::trained_model().model;
  for (const auto& [name, linear] : model.linears())
    for (std::int64_t at = 0; at < linear->weight.value().size(); ++at)
      pruned[name].weight_mask.push_back(at % 10 == 0);
  check_round_trip(pruned, folder / "pruned");
  CHECK(*compress::packed_bytes(model, pruned) < *compress::packed_bytes(model, {}) + 6000);
  compress::attach(model, pruned);
  CHECK(*compress::packed_bytes(model, pruned) < *compress::packed_bytes(test::trained_model().model, {}));
}

TEST_CASE("files that do not belong together are refused") {
  const test::TemporaryFolder folder;
  check_round_trip(test::fixed_compression({}), folder / "a");
  check_round_trip(test::fixed_compression({.weight_width = 4}), folder / "b");
  test::put(folder / "a/compression.json", text_of(folder / "b/compression.json"));
  CHECK(contains(error_text([&] { compress::load_packed(folder / "a"); }),
                 "a/packed.safetensors: was not packed with the formats of compression.json beside it"));
  test::put(folder / "b/packed.safetensors",
            text_of(std::filesystem::path(INGOT_GOLDEN) / "bert/masked-lm/model.safetensors"));
  CHECK(contains(error_text([&] { compress::load_packed(folder / "b"); }),
                 "packed.safetensors: is not a file of packed codes of version 1"));
}

TEST_CASE("a config that claims more than the packed file can hold is refused before memory is taken for it") {
  const test::TemporaryFolder folder;
  check_round_trip(test::fixed_compression({}), folder / "m");
  const std::string config = text_of(folder / "m/config.json");
  const auto with = [&](const char* key, std::int64_t value) {
    engine::Json object = engine::Json::parse(config);
    object[key] = value;
    test::put(folder / "m/config.json", object.dump());
    return error_text([&] { compress::load_packed(folder / "m"); });
  };
  CHECK(contains(with("intermediate_size", 1 << 18), "bytes cannot hold the "));
  CHECK(contains(with("vocab_size", 1 << 24), "bytes cannot hold the "));
  CHECK(!with("num_hidden_layers", 1 << 10).empty());
  // Within the slack: the tensors say that they do not fit.
  CHECK(contains(with("type_vocab_size", 3), "token_type_embeddings.weight: expected shape"));
}

TEST_CASE("a damaged file of packed codes is an error or another model, never a crash") {
  const test::TemporaryFolder folder;
  bert::Model model = test::small_model();
  Compression compression;
  compression["classifier"][Role::weight] = quantizer("ternary(channel)");
  compression["bert.pooler.dense"][Role::weight] = quantizer("mx(fp4_e2m1)");
  compression["bert.encoder.layer.0.output.dense"][Role::weight] = quantizer("binary_residual(2)");
  compression["bert.encoder.layer.0.intermediate.dense"][Role::weight] = quantizer("fixed(3,1)");
  compression["bert.encoder.layer.0.intermediate.dense"].weight_mask = std::vector<std::uint8_t>(96, 0);
  compress::attach(model, compression);
  compress::save_packed(folder / "m", model, compression);
  const std::string whole = text_of(folder / "m/packed.safetensors");
  engine::Rng rng(9, 2);
  int n_refused = 0;
  constexpr int kRounds = 1500;
  for (int round = 0; round < kRounds; ++round) {
    std::string damaged = whole;
    for (std::uint64_t i = 0; i <= rng.below(3); ++i) {
      const auto at = static_cast<std::size_t>(rng.below(damaged.size()));
      damaged[at] = static_cast<char>(rng.below(256));
    }
    if (rng.below(4) == 0) damaged.resize(static_cast<std::size_t>(rng.below(damaged.size() + 1)));
    test::put(folder / "m/packed.safetensors", damaged);
    n_refused += !error_text([&] { compress::load_packed(folder / "m"); }).empty();
  }
  CHECK(n_refused > kRounds / 4);
}

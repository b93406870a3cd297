#include <doctest/doctest.h>

#include "compress/quantize/plan.h"
#include "engine/base/rng.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using compress::parse_request;
using compress::Role;
using test::contains;
using test::error_text;

namespace {

std::string format_of(const compress::QuantizerRequest& request) {
  return request.quantizer ? to_string(request.quantizer->format) : "float32";
}

// The plan in a file of that name.
compress::Plan plan(const std::string& name, const std::string& text) {
  const test::TemporaryFolder folder;
  return compress::read_plan(test::put(folder / name, text));
}

std::string refusal(const std::string& text) {
  return error_text([&] { plan("p.toml", text); });
}

const std::string kQuery = "bert.encoder.layer.0.attention.self.query";

}  // namespace

TEST_CASE("a request is a format, or fixed point whose fraction bits are half or calibrated") {
  CHECK(format_of(parse_request("fixed(8, half)")) == "fixed(8,4)");
  CHECK(format_of(parse_request("ufixed(7,half,floor)")) == "ufixed(7,3,floor)");
  CHECK(format_of(parse_request("minifloat(8,e4)")) == "minifloat(8,e4,b7)");
  CHECK(format_of(parse_request("fixed(8,3)")) == "fixed(8,3)");
  CHECK_FALSE(parse_request("fixed(8,3)").is_calibrated);
  CHECK(parse_request("fixed(8,calibrated)").is_calibrated);
  CHECK(parse_request("ufixed(4,calibrated,floor)").is_calibrated);
  CHECK(parse_request("fixed(24,sums)").is_of_sums);
  CHECK_FALSE(parse_request("float32").quantizer.has_value());
  CHECK(contains(error_text([] { parse_request("fixed(0,calibrated)"); }),
                 "width must be an integer between 1 and 32, got 0"));
  CHECK(contains(error_text([] { parse_request("minifloat(8,half)"); }), "half"));
  CHECK(contains(error_text([] { parse_request("fixed(8,calibrated,half)"); }), "half"));
  CHECK(contains(error_text([] { parse_request("minifloat(4,e9)"); }), "exponent_width"));
  CHECK(contains(error_text([] { parse_request("block_fp(8,e8,[0])"); }), "block"));
  CHECK(contains(error_text([] { parse_request("fixed(8,200)"); }),
                 "frac_width must be an integer between -95 and 126, got 200"));
}

TEST_CASE("the exponent bias of minifloats and powers of two is calibrated, and that of blocks is not") {
  for (const char* text : {"minifloat(4,e2,calibrated)", "minifloat_denorm(8, e4, calibrated)", "log(4,calibrated)"}) {
    CAPTURE(text);
    CHECK(parse_request(text).is_calibrated);
  }
  CHECK(format_of(parse_request("minifloat(4,e2,calibrated)")) == "minifloat(4,e2,b0)");  // until it is calibrated
  CHECK(parse_request("minifloat_denorm(32,e8,calibrated)").is_calibrated);  // whose usual bias it cannot have
  CHECK(error_text([] { parse_request("block_fp(8,e8,[1,16],calibrated)"); }) ==
        "\"block_fp(8,e8,[1,16],calibrated)\": has nothing that is calibrated; fixed point has, and minifloat, "
        "minifloat_denorm, log");
  CHECK(contains(error_text([] { parse_request("posit(8,calibrated)"); }), "no format 'posit'; the formats are "));
  CHECK(contains(error_text([] { parse_request("mx(int8,calibrated)"); }), "has nothing that is calibrated"));
  CHECK(contains(error_text([] { parse_request("minifloat(4,e2,b3,calibrated)"); }), "gives the exponent bias"));
  CHECK(contains(error_text([] { parse_request("log(4,calibrated,calibrated)"); }), "says calibrated twice"));
  // A tensor has one bias, its channels none of their own.
  CHECK(refusal("[[layers]]\nname = '*'\nweight = 'log(4,calibrated)'\n").empty());
  CHECK(contains(refusal("[[layers]]\nname = '*'\nweight = 'log(4,calibrated)'\nper = 'channel'\n"),
                 "layers[0].per: channel goes with fixed point; log has one exponent bias for a tensor"));
  CHECK(
      refusal("[[layers]]\nname = '*'\ninput = 'log(4,calibrated)'\nweight = 'fixed(4,calibrated)'\nper = 'channel'\n")
          .empty());
}

TEST_CASE("only a bias has the fraction bits of sums") {
  CHECK(refusal("[[layers]]\nname = '*'\nbias = 'fixed(24,sums)'\n").empty());
  CHECK(contains(refusal("[[layers]]\nname = '*'\nweight = 'fixed(24,sums)'\n"),
                 "layers[0].weight: only a bias has the fraction bits of sums"));
}

TEST_CASE("later entries win, role by role, and TOML says the same as JSON") {
  const std::string toml = R"toml(
[[layers]]
name = "*"
input = "fixed(8,calibrated)"
weight = "fixed(4,calibrated)"
per = "channel"
[[layers]]
name = "bert.encoder.layer.?.attention.self.[qk]*"
weight = "minifloat(8,e4)"
mode = "mase"
clip = true
[[layers]]
name = "classifier"
input = "float32"
[[embeddings]]
name = "*word*"
weight = "fixed(8,half)"
)toml";
  const std::string json = R"json({"layers": [
    {"name": "*", "input": "fixed(8,calibrated)", "weight": "fixed(4,calibrated)", "per": "channel"},
    {"name": "bert.encoder.layer.?.attention.self.[qk]*", "weight": "minifloat(8,e4)", "mode": "mase", "clip": true},
    {"name": "classifier", "input": "float32"}],
    "embeddings": [{"name": "*word*", "weight": "fixed(8,half)"}]
})json";
  bert::Model model = test::small_model();
  for (const auto& p : {plan("p.toml", toml), plan("p.json", json)}) {
    const auto all = compress::requests_by_layer(model, p);
    CHECK(all.size() == 9);
    const auto request = [&](const std::string& layer, Role role) { return all.at(layer)[role]; };
    CHECK(format_of(*request(kQuery, Role::weight)) == "minifloat(8,e4,b7)");
    CHECK(request(kQuery, Role::weight)->quantizer->mode == compress::Mode::mase);
    CHECK(request(kQuery, Role::weight)->quantizer->clip);
    CHECK(request(kQuery, Role::input)->is_calibrated);
    CHECK_FALSE(request(kQuery, Role::bias).has_value());
    CHECK(request("classifier", Role::weight)->per_channel);
    CHECK_FALSE(request("classifier", Role::input)->quantizer.has_value());
    CHECK(format_of(*request("bert.embeddings.word_embeddings", Role::weight)) == "fixed(8,4)");
  }
}

TEST_CASE("a plan says of layer norms and softmaxes whether they are cheap, and nothing else can be") {
  bert::Model model = test::small_model();
  const std::string norm = "bert.embeddings.LayerNorm", softmax = "bert.encoder.layer.0.attention.self.softmax";
  const auto all = compress::requests_by_layer(
      model, plan("p.toml",
                  "[[norms]]\nname = \"*\"\nroot = \"table\"\n[[norms]]\nname = \"*layer*\"\nroot = \"exact\"\n"
                  "[[softmaxes]]\nname = \"*\"\ntable = \"line\"\n"));
  CHECK(all.at(norm).is_cheap == true);
  CHECK(all.at("bert.encoder.layer.0.output.LayerNorm").is_cheap == false);
  CHECK(all.at(softmax).is_cheap == true);
  CHECK(contains(refusal("[[norms]]\nname = \"*\"\nroot = \"line\"\n"), "must be table or exact, got 'line'"));
  CHECK(contains(refusal("[[norms]]\nname = \"*\"\ntable = \"line\"\n"), "norms[0].table: unknown name"));
  CHECK(contains(refusal("[[layers]]\nname = \"*\"\nroot = \"table\"\n"), "layers[0].root: unknown name"));
}

TEST_CASE("a plan that says something wrong is refused with its place") {
  CHECK(contains(refusal("[[layers]]\nname = \"*\"\nweight = \"fixed(0,calibrated)\"\n"),
                 "p.toml: layers[0].weight: fixed(0,0): width must be an integer between 1 and 32, got 0"));
  CHECK(contains(refusal("[[layers]]\nname = \"*\"\n[[layers]]\nname = \"*\"\nwidth = 3\n"),
                 "layers[1].width: unknown name"));
  CHECK(contains(refusal("[[layers]]\nweight = \"log(8)\"\n"), "layers[0]: needs the name of a layer"));
  CHECK(contains(refusal("[[layers]]\nname = \"*\"\nweight = 8\n"), "layers[0].weight: must be a text, got 8"));
  CHECK(contains(refusal("[[layers]]\nname = \"*\"\nper = \"row\"\n"), "must be channel or tensor, got 'row'"));
  CHECK(contains(refusal("[[embeddings]]\nname = \"*\"\nbias = \"log(8)\"\n"), "embeddings have no bias"));
  CHECK(contains(refusal("[[tables]]\nname = \"*\"\n"), "unknown name 'tables'"));
  CHECK(contains(refusal("layers = 3\n"), "layers must be an array of tables, got 3"));
  CHECK(contains(refusal("layers = [1]\n"), "layers[0]: must be a table, got 1"));
  CHECK(contains(refusal(""), "names no layers"));
  CHECK(contains(refusal("a = = 1"), "line 1: not TOML"));
  bert::Model model = test::small_model();
  CHECK(
      contains(error_text([&] { compress::requests_by_layer(model, {{.pattern = "decoder.*"}}); }),
               "plan: 'decoder.*' matches none of the 8 Linear layers of the model, the first of which is " + kQuery));
  CHECK(contains(error_text([&] {
                   compress::requests_by_layer(model,
                                               {{.pattern = "classifier", .part = compress::PlanPart::embeddings}});
                 }),
                 "matches none of the 3 embeddings"));
}

TEST_CASE("a plan with any bytes changed is read or refused") {
  const std::string whole =
      "[[layers]]\nname = \"*\"\nweight = \"fixed(4,calibrated)\"\nper = \"channel\"\nclip = true\n";
  engine::Rng rng(11);
  int n_refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    for (int j = 0; j < 2; ++j) damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(128));
    n_refused += !refusal(damaged).empty();
  }
  CHECK(n_refused > 1000);
}

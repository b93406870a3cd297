#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"

using ingot::engine::Json;
using ingot::engine::JsonError;
using ingot::engine::parse_json;
using ingot::engine::Rng;
using ingot::test::error_text;

namespace {

using Oracle = nlohmann::json;

std::uint64_t word(Rng& rng) { return (std::uint64_t{rng.bits()} << 32) | rng.bits(); }

// A value of any kind, `depth` levels deep at most.
Oracle drawn(Rng& rng, int depth) {
  switch (rng.below(depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return rng.below(2) == 1;
    case 2:
      return static_cast<std::int64_t>(word(rng)) >> rng.below(64);
    case 3:
      return word(rng) >> rng.below(64);
    case 4:
      return std::ldexp(static_cast<double>(static_cast<std::int64_t>(word(rng))), -static_cast<int>(rng.below(120)));
    case 5:
      return std::string(rng.below(9), static_cast<char>(32 + rng.below(90))) + (rng.below(3) == 0 ? "\u00e4\n\"" : "");
    case 6: {
      Oracle array = Oracle::array();
      for (auto n = rng.below(5); n > 0; --n) array.push_back(drawn(rng, depth - 1));
      return array;
    }
    default: {
      Oracle object = Oracle::object();
      for (auto n = rng.below(5); n > 0; --n) object["k" + std::to_string(rng.below(20))] = drawn(rng, depth - 1);
      return object;
    }
  }
}

}  // namespace

TEST_CASE("JSON is read and written as nlohmann's library does it") {
  const char* text = R"( {"a":[1,-2.5,true,null,{"b":{}}],"c":"\u00e4\ud83d\ude00","d":18446744073709551615} )";
  CHECK(parse_json(text, "f").dump() == Oracle::parse(text).dump());
  Rng rng(3, 1);
  for (int i = 0; i < 2000; ++i) {
    const Oracle a = drawn(rng, 4), b = rng.below(3) == 0 ? a : drawn(rng, 1);
    const Json x = parse_json(a.dump(), "f"), y = parse_json(b.dump(rng.below(2) == 0 ? -1 : 1), "f");
    const Json::Style ascii{.ascii = true};
    CHECK(x.dump() == a.dump());
    CHECK(x.dump(2) == a.dump(2));
    CHECK(x.dump(ascii) == a.dump(-1, ' ', true));
    CHECK((x == y) == (a == b));
    CHECK(x.size() == a.size());
    if (x.is_number() && y.is_number()) CHECK((x < y) == (a < b));
  }
}

TEST_CASE("a JSON value is built, changed, copied and moved") {
  const std::vector<float> sizes{0.5f, 2};
  Json value{{"name", "x"},
             {"sizes", sizes},
             {"pair", {1, true}},
             {"inner", {{"a", nullptr}}},
             {"map", std::map<std::string, int>{{"b", 2}}}};
  CHECK(value.dump() == R"({"inner":{"a":null},"map":{"b":2},"name":"x","pair":[1,true],"sizes":[0.5,2.0]})");
  const Json copy = value;
  value["name"] = 7u;
  value["new"].push_back({1, 2});
  value.update({{"pair", "gone"}});
  CHECK(value.erase("map") == 1);
  CHECK(value.erase("map") == 0);
  CHECK(value.dump() == R"({"inner":{"a":null},"name":7,"new":[[1,2]],"pair":"gone","sizes":[0.5,2.0]})");
  CHECK(copy["name"] == "x");
  Json moved = std::move(value);
  CHECK(value.is_null());  // NOLINT: what is left of it is said
  CHECK(moved["sizes"].get<std::vector<float>>() == sizes);
  moved = moved["new"];  // of itself
  CHECK(moved.dump() == "[[1,2]]");
  CHECK(Json(copy["map"]).get<std::map<std::string, int>>().at("b") == 2);
  CHECK(copy.value("absent", 3) == 3);
  CHECK(copy.value("name", "y") == "x");
  std::string names;
  for (const auto& [name, member] : copy.items()) names += name + (member.is_null() ? "0" : ",");
  CHECK(names == "inner,map,name,pair,sizes,");
  CHECK(copy.find("pair").key() == "pair");
  CHECK(copy.find("absent") == copy.end());
}

TEST_CASE("a JSON value that is taken for something else says what it is") {
  const Json value{{"text", "x"}, {"number", 1.5}, {"list", {1}}};
  const auto message = [](const auto& act) -> std::string {
    try {
      act();
    } catch (const JsonError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message([&] { value.at("absent"); }) == "JSON: name absent is missing");
  CHECK(message([&] { value["text"].get<double>(); }) == "JSON: expected a number, got text");
  CHECK(message([&] { value["number"].get<bool>(); }) == "JSON: expected true or false, got a real number");
  CHECK(message([&] { value["list"][1].is_null(); }) == "JSON: array has 1 elements, number 1 was asked for");
  CHECK(message([&] { value["number"]["x"].is_null(); }) == "JSON: expected an object, got a real number");
  CHECK(message([&] { Json("\xff").dump(); }).find("UTF-8") != std::string::npos);
  CHECK(Json("\xff").dump({.mended = true}) == "\"\xef\xbf\xbd\"");
}

TEST_CASE("JSON that is cut short, goes on too long, repeats a name or nests too deep is refused with its place") {
  const auto message = [](const std::string& text) { return error_text([&] { parse_json(text, "f"); }); };
  CHECK(message("{\"a\":1") ==
        "f: not valid JSON: parse error at line 1, column 7: syntax error while parsing object - unexpected end of "
        "input; expected '}'");
  CHECK(message("{} {}").starts_with("f: not valid JSON: parse error at line 1, column 4"));
  CHECK(message(std::string("{}\0{}", 5)) == "f: not valid JSON: holds a zero byte");
  CHECK(message(std::string("{\"a\0\":1}", 8)) == "f: not valid JSON: holds a zero byte");
  CHECK(message("[1e999]") == "f: not valid JSON: number beyond the range of double precision");
  CHECK(message(R"({"a":{"b":1},"b":2,"a":3})") == "f: name a appears twice in one JSON object");
  CHECK(message(R"([{"a":{"a":1}},{"a":2}])").empty());
  const auto nested = [](int n) { return std::string(static_cast<std::size_t>(n), '['); };
  CHECK(message(nested(64) + std::string(64, ']')).empty());
  CHECK(message(nested(1'000'000)) == "f: JSON must not nest deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  CHECK(message(objects) == "f: JSON must not nest deeper than 64 levels");
}

TEST_CASE("many objects and many names are read in linear time") {
  std::string list = "[", names = "{";
  for (int i = 0; i < 200'000; ++i) {
    list += "{},";
    names += "\"" + std::to_string(i) + "\":{},";
  }
  list.back() = ']', names.back() = '}';
  const auto start = std::chrono::steady_clock::now();
  CHECK(parse_json(list, "f").size() == 200'000);
  CHECK(parse_json(names, "f").size() == 200'000);
  CHECK(std::chrono::steady_clock::now() - start <
        std::chrono::seconds(60));  // quadratic: minutes, with sanitizers an hour
}

#include <doctest/doctest.h>

#include <chrono>

#include "engine/io/json.h"
#include "tests/support/error_text.h"

using ingot::engine::parse_json;
using ingot::test::error_text;

TEST_CASE("JSON is read as it is written") {
  const char* text = R"( {"a":[1,-2.5,true,null,{"b":{}}],"c":"\u00e4\ud83d\ude00","d":18446744073709551615} )";
  CHECK(parse_json(text, "f") == ingot::engine::Json::parse(text));
  CHECK(parse_json("3", "f") == 3);
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

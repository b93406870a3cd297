// TOML is read as JSON, and no text makes its parser fall over.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/io/json.h"
#include "engine/io/toml.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;
using namespace ingot::test;
using ingot::engine::Json;

namespace {

std::string repeated(const std::string& part, int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("tables, arrays and dotted keys are JSON's objects and arrays") {
  CHECK(parse_toml("a = 1\nb.c = 2.5\n[[d]]\ne = \"x.y\"\n[[d]]\ne = [true, 'z']\n", "t") ==
        Json{{"a", 1}, {"b", {{"c", 2.5}}}, {"d", {{{"e", "x.y"}}, {{"e", {true, "z"}}}}}});
  CHECK(parse_toml("", "t") == Json::object());
}

TEST_CASE("what is no TOML is an error with its line") {
  CHECK(contains(error_text([] { parse_toml("a = 1\nb = = 2\n", "t.toml"); }), "t.toml: line 2: not TOML: "));
  CHECK(contains(error_text([] { parse_toml("a = 1\na = 2\n", "t.toml"); }), "t.toml: line 2: not TOML: "));
}

TEST_CASE("a key of many parts is refused, wherever it stands and however it is spaced or quoted") {
  const std::string rule = "t.toml: line 2: a TOML key must have at most 64 parts";
  for (const std::string& part :
       {std::string("a."), std::string("a . "), std::string("\"a\"."), std::string("'a' .")}) {
    const std::string key = repeated(part, 40000) + "a";
    for (const std::string& text : {key + " = 1", "[" + key + "]", "[[" + key + "]]", "x = {" + key + " = 1}"})
      CHECK(error_text([&] { parse_toml("# " + key + "\n" + text + "\n", "t.toml"); }) == rule);
  }
}

TEST_CASE("brackets nested deeply are refused") {
  for (const int n : {65, 300, 100000}) {
    const std::string text = "a = " + repeated("[", n) + repeated("]", n) + "\n";
    CHECK(error_text([&] { parse_toml(text, "t.toml"); }).starts_with("t.toml: "));
    CHECK(error_text([&] {
            parse_toml("a = " + repeated("{b = ", n) + "1" + repeated("}", n), "t.toml");
          }).starts_with("t.toml: "));
  }
}

TEST_CASE("dots in strings, comments, dates and long arrays of numbers count for no key") {
  const std::string dots(500, '.');
  const std::vector<std::string> texts = {
      "a = \"" + dots + "\"",
      "a = '" + dots + "' # " + dots,
      "a = \"\"\"\n" + dots + "\n\\\"\"\"\"",
      "a = '''" + dots + "'''",
      "a = [" + repeated("1.5, ", 500) + "]",
      "a = \"\\\"" + dots + "\"",
      repeated("[[b]]\nc = 1.5\n", 200),
  };
  for (const std::string& text : texts) {
    INFO(text);
    CHECK(parse_toml(text + "\n", "t").is_object());
  }
}

TEST_CASE("a text above 16 MiB is refused before it is parsed") {
  CHECK(error_text([] { parse_toml(std::string((16 << 20) + 1, '#'), "t.toml"); }) ==
        "t.toml: TOML must have at most 16777216 bytes, got 16777217");
}

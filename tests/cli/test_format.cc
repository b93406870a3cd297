#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "compress/formats/kind.h"
#include "engine/io/json.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;

namespace {

void check_refused(const Outcome& outcome, const std::string& sentence) {
  CHECK(outcome.code == 2);
  CHECK(outcome.error == "ingot: " + sentence + "\n");
  CHECK(outcome.out.empty());
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("format without a name lists every format, its parameters and their ranges") {
  const Workplace place;
  const Outcome listed = place.run("format");
  REQUIRE_MESSAGE(listed.code == 0, listed.error);
  for (const compress::FormatKind* kind : compress::format_kinds()) {
    CHECK(contains(listed.out, compress::notation(*kind) + "\n"));
    for (const compress::ParameterRule& rule : kind->rules) CHECK(contains(listed.out, rule.name));
  }
  CHECK(contains(listed.out, "frac_width           integer -95 to 126"));
  const Json formats = Json::parse(place.run("format --json").out)["formats"];
  CHECK(formats.size() == compress::format_kinds().size());
  CHECK(formats[0]["name"] == "fixed");
}

TEST_CASE("format with a name prints the format's numbers and properties") {
  const Workplace place;
  const Outcome table = place.run("format 'fixed(4,2)'");
  REQUIRE_MESSAGE(table.code == 0, table.error);
  for (const char* line : {"range                -2 to 1.75", "bits per value       4", "numbers              16",
                           "smallest step        0.25"}) {
    CHECK_MESSAGE(contains(table.out, line), table.out);
  }
  CHECK(contains(table.out, "-2  -1.75   -1.5"));
  const Json log = Json::parse(place.run("format 'log(4,b3)' --mode mase --json").out);
  CHECK(log["values"].size() == 16);
  CHECK(log["smallest_positive"] == 0.125);
  CHECK(log["parameters"] == Json{{"width", 4}, {"exponent_bias", 3}});
  const Json block = Json::parse(place.run("format 'block_fp(8,e8,[1,16])' --shape 4,32 --json").out);
  CHECK(block["bits_per_value"] == 8.5);
  CHECK_FALSE(block.contains("values"));
  CHECK(contains(place.run("format 'fixed(16,8)'").out, "numbers              65536"));
  CHECK(Json::parse(place.run("format 'fixed(16,8)' --json").out)["values"].size() == 65536);
  CHECK(place.run("format 'fixed(32,8)'").code == 0);
}

TEST_CASE("format quantises the numbers on standard input, one a line") {
  const Workplace place;
  CHECK(place.run("format 'fixed(8,4)'", "0.3\n-1.7\n +100 \n-0.01").out == "0.3125\n-1.6875\n7.9375\n0\n");
  CHECK(place.run("format 'minifloat(8,e4)'", "1.97\ninf\nnan\n").out == "2\n480\nnan\n");
  CHECK(place.run("format 'minifloat(8,e4)' --mode mase", "1.97\r\n-0.0\n").out == "1.875\n0\n");
  CHECK(place.run("format 'block_fp(4,e8,[1,2])' --shape 2,2", "1\n0.2\n100\n0.2\n").out == "1\n0.25\n96\n0\n");
  const Json result = Json::parse(place.run("format 'binary(channel)' --shape 2,2 --json", "1\n-3\n0\n2\n").out);
  CHECK(result["values"] == Json{2.0, -2.0, 1.0, 1.0});
  CHECK(result["bits_per_value"] == 17);
  const std::string drawn = place.run("format 'fixed(8,0,stochastic)' --seed 5", "0.5\n0.5\n0.5\n0.5\n0.5\n0.5\n").out;
  CHECK(drawn ==
        place.run("format 'fixed(8,0,stochastic)' --seed 5 --threads 1", "0.5\n0.5\n0.5\n0.5\n0.5\n0.5\n").out);
  CHECK(std::count(drawn.begin(), drawn.end(), '\n') == 6);
}

TEST_CASE("format refuses what is wrong in one sentence") {
  const Workplace place;
  check_refused(place.run("format 'fixed(0,4)'"), "fixed(0,4): width must be an integer between 1 and 32, got 0");
  check_refused(place.run("format 'fixed(8,4)' --mode fast"), "mode must be standard or mase, got 'fast'");
  check_refused(place.run("format 'mx(int8)' --mode mase"), "mx(int8): needs mode standard; mase has no mx");
  check_refused(place.run("format 'fixed(8,4)'", "1\ntwo\n"), "standard input: line 2: must be a number, got 'two'");
  check_refused(place.run("format 'fixed(8,4)'", "1\n\n2\n"), "standard input: line 2: must be a number, got ''");
  check_refused(place.run("format 'fixed(8,4)'", "1e39\n"),
                "standard input: line 1: must be a float32, at most 3.4028235e38, got 1e39");
  check_refused(place.run("format 'fixed(8,4)' --shape 2,2", "1\n2\n3\n"),
                "--shape: 2,2 has 4 elements, and standard input 3 numbers");
  for (const std::string shape : {"0,2", "2,,2", "2x2", "1,1,1,1,1", ","}) {
    check_refused(place.run("format 'fixed(8,4)' --shape " + shape),
                  "--shape: must be one to four sizes between 1 and 1000000, as in 4,16, got '" + shape + "'");
  }
  CHECK(place.run("format 'flixed(8,4)'").code == 2);
}

// simulate as its users meet it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using nlohmann::json;
using test::contains;
using test::Outcome;
using test::text_of_file;
using test::Workplace;

namespace {

constexpr const char kMlp[] = R"toml(name = "mlp"
input = "fixed(8,3)"
vectors = [[-8, 3, 0, 1], [1, 2, 3, 4]]
[[layers]]
name = "fc1"
type = "linear"
inputs = 4
outputs = 8
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3,floor)"
[[layers]]
name = "act"
type = "relu"
)toml";

// Replaces a text in an emitted file, and its checksum: hardware that was emitted wrong.
void forge(const Workplace& place, const std::string& name, const std::string& from, const std::string& to) {
  std::string text = text_of_file(place / ("rtl/" + name));
  REQUIRE(contains(text, from));
  text.replace(text.find(from), from.size(), to);
  place.write("rtl/" + name, text);
  json manifest = json::parse(text_of_file(place / "rtl/manifest.json"));
  for (json& file : manifest["files"]) {
    if (file["name"] != name) continue;
    file["bytes"] = text.size();
    file["hash"] = fmt::format("{:016x}", engine::content_hash(text));
  }
  place.write("rtl/manifest.json", manifest.dump());
}

void refused(const Workplace& place, const std::string& words, const std::string& part,
             const std::string& before = "") {
  const Outcome outcome = place.run(words, "", before);
  INFO(words, ": ", outcome.error);
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.error, part));
}

}  // namespace

TEST_CASE("What cannot be simulated is refused in one sentence") {
  const Workplace place;
  place.write("mlp.toml", kMlp);
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  refused(place, "simulate absent", "absent");
  refused(place, "simulate rtl --stalls often", "--stalls: must be one of none, random, bursts, got 'often'");
  refused(place, "simulate rtl --simulator modelsim", "must be one of verilator, icarus, cxxrtl, got 'modelsim'");
  refused(place, "simulate rtl --simulator icarus --trace 9", "icarus gives none");
  refused(place, "simulate rtl --simulator icarus --coverage", "only verilator counts lines, got icarus");
  refused(place, "simulate rtl --vectors 0", "--vectors");
  refused(place, "simulate rtl", "verilator_bin is missing: install the Debian package verilator", "PATH=/nowhere");
  refused(place, "simulate rtl --simulator icarus", "iverilog is missing: install the Debian package iverilog",
          "PATH=/nowhere");
  place.write("rtl/relu.sv", "module relu; endmodule\n");
  refused(place, "simulate rtl", "relu.sv: is not what was emitted");
}

TEST_CASE("An emitted layer is simulated: equal, measured, traced; a forged one is found out") {
  if (!engine::find_program("verilator_bin")) {
    MESSAGE("skipped: verilator_bin is missing: install the Debian package verilator");
    return;
  }
  const Workplace place;
  place.write("mlp.toml", kMlp);
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  const Outcome outcome = place.run("simulate rtl --vectors 3000 --trace 40 --json");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  const json result = json::parse(outcome.out);
  CHECK(result["equal"] == true);
  CHECK(result["vectors"] == 3000);
  CHECK(result["beats"] == 6000);
  CHECK(result["latency_cycles"] == 6);
  CHECK(result["interval_cycles"] == 2.0);
  CHECK(result["utilisation"] == 1.0);
  CHECK(json::parse(text_of_file(place / "rtl/simulation/result.json"))["cycles"] == result["cycles"]);
  CHECK(contains(text_of_file(place / "rtl/simulation/trace.vcd"), "$var wire 32 # data_in_0 $end"));
  CHECK(contains(text_of_file(place / "rtl/simulation/waveform.svg"), "data_out_0_valid"));
  CHECK(json::parse(place.run("simulate rtl --vectors 3000 --json").out)["cycles"] == result["cycles"]);
  CHECK(contains(place.run("simulate rtl --activations --out real").out, "2 vectors, 4 beats: every bit as computed"));

  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);  // in place of what was simulated
  forge(place, "relu.sv", "? '0 :", "? '1 :");
  const Outcome wrong = place.run("simulate rtl --vectors 100");
  CHECK(wrong.code == 1);
  CHECK(contains(wrong.out, "NOT as computed"));
  CHECK(contains(wrong.out, "vector 0, beat "));
  CHECK(contains(wrong.error, "the hardware does not compute what its graph does"));

  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  forge(place, "relu.sv", "assign m_valid_o = s_valid_i;", "assign m_valid_o = 1'b0; logic unused = s_valid_i;");
  const Outcome stuck = place.run("simulate rtl --vectors 100");
  CHECK(stuck.code == 1);
  CHECK(contains(stuck.error, "nothing moves any more after 0 beats"));
}

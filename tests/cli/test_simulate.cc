// simulate as its users meet it.
#include <doctest/doctest.h>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
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

// Replaces a text in an emitted file, and its checksum: what a stranger can do.
void forge(const Workplace& place, const std::string& name, const std::string& from, const std::string& to) {
  std::string text = text_of_file(place / ("rtl/" + name));
  REQUIRE(contains(text, from));
  text.replace(text.find(from), from.size(), to);
  place.write("rtl/" + name, text);
  Json manifest = Json::parse(text_of_file(place / "rtl/manifest.json"));
  for (Json& file : manifest["files"]) {
    if (file["name"] != name) continue;
    file["bytes"] = text.size();
    file["hash"] = fmt::format("{:016x}", engine::content_hash(text));
  }
  place.write("rtl/manifest.json", manifest.dump());
}

// Simulated by a Verilator that reads `from` (of sed) in relu.sv as `to`: hardware that is not what was emitted.
Outcome simulated_as(const Workplace& place, const std::string& from, const std::string& to) {
  place.write("bin/verilator_bin",
              fmt::format("#!/bin/sh\n[ -f relu.sv ] && sed -i \"s/{}/{}/\" relu.sv\nexec '{}' -Wno-WIDTH \"$@\"\n",
                          from, to, engine::find_program("verilator_bin")->string()));
  std::filesystem::permissions(place / "bin/verilator_bin", std::filesystem::perms::owner_all);
  return place.run("simulate rtl --vectors 100", "", "PATH=\"$PWD/bin:$PATH\"");
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
  refused(place, "simulate rtl --netlist xc7",
          "target: must be one of ice40, ecp5, xilinx, artix-100t, ecp5-85, up5k, generic, got 'xc7'");
  refused(place, "simulate rtl --netlist ecp5 --coverage", "--coverage: counts lines of the RTL, not of a netlist");
  refused(place, "simulate rtl --no-dsp", "--no-dsp: is for a netlist");
  refused(place, "simulate rtl", "verilator_bin is missing: install the Debian package verilator", "PATH=/nowhere");
  refused(place, "simulate rtl --simulator icarus", "iverilog is missing: install the Debian package iverilog",
          "PATH=/nowhere");
  place.write("rtl/relu.sv", "module relu; endmodule\n");
  refused(place, "simulate rtl", "relu.sv: is not what was emitted");
}

TEST_CASE("An emitted layer is simulated: equal, measured, traced; one that is not the graph's is found out") {
  if (!engine::find_program("verilator_bin")) {
    MESSAGE("skipped: verilator_bin is missing: install the Debian package verilator");
    return;
  }
  const Workplace place;
  place.write("mlp.toml", kMlp);
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  const Outcome outcome = place.run("simulate rtl --vectors 3000 --trace 40 --json");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  const Json result = Json::parse(outcome.out);
  CHECK(result["equal"] == true);
  CHECK(result["vectors"] == 3000);
  CHECK(result["beats"] == 6000);
  CHECK(result["latency_cycles"] == 6);
  CHECK(result["interval_cycles"] == 2.0);
  CHECK(result["utilisation"] == 1.0);
  CHECK(Json::parse(text_of_file(place / "rtl/simulation/result.json"))["cycles"] == result["cycles"]);
  CHECK(contains(text_of_file(place / "rtl/simulation/trace.vcd"), "$var wire 32 # data_in_0 $end"));
  CHECK(contains(text_of_file(place / "rtl/simulation/waveform.svg"), "data_out_0_valid"));
  CHECK(Json::parse(place.run("simulate rtl --vectors 3000 --json").out)["cycles"] == result["cycles"]);
  CHECK(contains(place.run("simulate rtl --activations --out real").out, "2 vectors, 4 beats: every bit as computed"));

  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);  // in place of what was simulated
  const Outcome wrong = simulated_as(place, "? .0 :", "? 8\'d1 :");
  CHECK(wrong.code == 1);
  CHECK(contains(wrong.out, "NOT as computed"));
  CHECK(contains(wrong.out, "vector 0, beat "));
  CHECK(contains(wrong.error, "the hardware does not compute what its graph does"));
  const Outcome stuck = simulated_as(place, "m_valid_o = s_valid_i;", "m_valid_o = s_valid_i \\& 1'b0;");
  CHECK(stuck.code == 1);
  CHECK(contains(stuck.error, "nothing moves any more after 0 beats"));
}

TEST_CASE("The netlist of an emitted layer is simulated, and what its cells are is said") {
  const Workplace place;
  if (!engine::find_program("verilator_bin") || !engine::find_program("yosys")) return;
  place.write("mlp.toml", kMlp);
  REQUIRE(place.run("emit mlp.toml --parallelism 2 --out rtl").code == 0);
  const Outcome outcome = place.run("simulate rtl --netlist ecp5 --vectors 200");
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "every bit as computed"));
  CHECK(contains(outcome.out, "with models that come with Yosys; ingot's of LUT4, MULT18X18D"));
  const Json netlist = Json::parse(text_of_file(place / "rtl/simulation/result.json"))["netlist"];
  CHECK(netlist["target"] == "ecp5");
  CHECK(netlist["cells"]["MULT18X18D"] == 4);
  CHECK(netlist["models_of_ingot"] == Json({"LUT4", "MULT18X18D"}));
  CHECK(netlist["seconds"].get<double>() > 0);
}

TEST_CASE("What a stranger wrote into an emitted folder is not run, though its checksums are right") {
  const Workplace place;
  place.write("mlp.toml", kMlp);
  const auto emitted = [&] {
    std::filesystem::remove_all(place / "rtl");
    REQUIRE(place.run("emit mlp.toml --out rtl --quiet").code == 0);
  };
  const auto refused_both = [&](const std::string& part) {
    for (const char* words : {"simulate rtl --simulator icarus", "synth rtl"}) refused(place, words, part);
  };
  emitted();
  forge(place, "relu.sv", "endmodule", "initial $system(\"echo > OWNED\"); endmodule");
  refused_both("relu.sv: is not what this version of ingot makes of graph.json");
  emitted();
  forge(place, "top.sv", "endmodule", "initial $system(\"echo > OWNED\"); endmodule");
  refused_both("top.sv: is not what this version of ingot makes of graph.json");
  emitted();
  forge(place, "graph.json", "\"name\":\"mlp\"", "\"name\":\"mlp\\nendmodule\"");
  refused_both("graph: a name must be");

  const auto edited = [&](const std::string& from, const std::string& to) {
    emitted();
    std::string text = text_of_file(place / "rtl/manifest.json");
    REQUIRE(contains(text, from));
    text.replace(text.find(from), from.size(), to);
    place.write("rtl/manifest.json", text);
  };
  edited("\"requantize.sv\",", "\"requantize.sv\", \"x; exec -- touch OWNED\",");
  refused_both("must be a file name without a folder");
  edited("\"top\": \"top\"", "\"top\": \"top; shell touch OWNED\"");
  refused_both("top: a name must be");
  edited("\"interval\": 32", "\"interval\": 4611686018427387903");
  refused_both("manifest.json: is not what this version of ingot makes");
  emitted();
  std::filesystem::remove(place / "rtl/relu.sv");
  std::filesystem::create_symlink(place / "mlp.toml", place / "rtl/relu.sv");
  refused_both("relu.sv: must be a regular file, no link to one");
  emitted();
  forge(place, "fc1_weight.mem", "\n", "\n00\n");
  const Outcome image = place.run("simulate rtl --simulator icarus");
  CHECK(image.code == 1);
  CHECK(contains(image.error, "fc1_weight.mem is not the image that this memory was emitted with"));
  CHECK_FALSE(std::filesystem::exists(place / "OWNED"));
  CHECK_FALSE(std::filesystem::exists(place / "rtl/OWNED"));
}

TEST_CASE("Folders of any name are simulated and synthesised: tools are told none of them") {
  const Workplace place;
  place.write("mlp.toml", kMlp);
  // A space, quotes, what shells and scripts expand, a line end, and a byte that is not UTF-8.
  const std::string folder = R"($'a b"$HOME`touch OWNED`;{}%\\ \'\n\xff')";
  const std::string before = "mkdir -p " + folder + "/tmp && TMPDIR=\"$PWD/\"" + folder + "/tmp";
  REQUIRE(place.run("emit mlp.toml --quiet --out " + folder + "/rtl", "", before).code == 0);
  struct Row {
    const char *program, *command, *options;
  };
  for (const Row& row :
       {Row{"verilator_bin", "simulate", "--vectors 50"},
        Row{"iverilog", "simulate", "--vectors 50 --simulator icarus"},
        Row{"yosys", "simulate", "--vectors 50 --simulator cxxrtl"}, Row{"yosys", "synth", "--target ice40"}}) {
    if (!engine::find_program(row.program)) continue;
    const Outcome outcome = place.run(fmt::format("{} {}/rtl {}", row.command, folder, row.options), "", before);
    INFO(row.program, ": ", outcome.error);
    CHECK(outcome.code == 0);
  }
  std::vector<std::string> left;
  for (const auto& item : std::filesystem::recursive_directory_iterator(place / "")) {
    const std::string name = item.path().filename().string();
    if (name == "OWNED" || name.starts_with("ingot-")) left.push_back(name);
  }
  CHECK(left.empty());
}

TEST_CASE("Building and simulating is told on standard error, and not with --quiet") {
  if (!engine::find_program("iverilog")) return;
  const Workplace place;
  place.write("mlp.toml", kMlp);
  REQUIRE(place.run("emit mlp.toml --out rtl --quiet").code == 0);
  const Outcome told = place.run("simulate rtl --vectors 20 --simulator icarus");
  CHECK(told.code == 0);
  CHECK(contains(told.error, "building the simulation (icarus)\nvectors 20/20"));
  CHECK(place.run("simulate rtl --vectors 20 --simulator icarus --quiet").error == "");
}

// Pages of run folders that were written by hand: unfinished, damaged, hostile, large.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/files.h"
#include "engine/io/base64.h"
#include "hw/emit/folder.h"
#include "hw/simulation/waveform.h"
#include "hw/synthesis/sweep.h"
#include "pipeline/pages/panel.h"
#include "pipeline/pages/seeds.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using pipeline::RunFolder;

// A folder NAME of a run, of those files that are not empty.
RunFolder run_folder(const test::TemporaryFolder& place, const std::string& name, const std::string& result,
                     const std::string& metrics) {
  fs::create_directories(place / name);
  engine::write_file(place / name / "config.toml", "# ingot train\nseed = 1\n");
  if (!result.empty()) engine::write_file(place / name / "result.json", result);
  if (!metrics.empty()) engine::write_file(place / name / "metrics.jsonl", metrics);
  return pipeline::read_run_folder(place / name);
}

TEST_CASE("a folder of no run and a result that is no JSON are errors that name them") {
  const test::TemporaryFolder place;
  CHECK(test::contains(test::error_text([&] { pipeline::read_run_folder(place / "none"); }), "no such folder"));
  CHECK(test::contains(test::error_text([&] { pipeline::read_run_folder(place.path()); }),
                       "is no folder of a run: it has no result.json, metrics.jsonl or config.toml"));
  CHECK(test::contains(test::error_text([&] { run_folder(place, "bad", "{", ""); }), "result.json"));
  CHECK(test::contains(test::error_text([&] { run_folder(place, "list", "[1]", ""); }), "must hold an object"));
}

TEST_CASE("a run that goes on is shown as far as it is, and a damaged line of its metrics is counted and said") {
  const test::TemporaryFolder place;
  const std::vector<RunFolder> folders{run_folder(
      place, "a", "",
      "{\"step\": 20, \"loss\": 2.5}\nnot json\n{\"loss\": 1}\n[1]\n"
      "{\"step\": 40, \"loss\": 1.5, \"note\": \"x\"}\n{\"step\": \"x\", \"loss\": 9}\n{\"step\": 60, \"lo")};
  CHECK(folders[0].metrics.size() == 2);
  CHECK(folders[0].n_damaged == 5);
  CHECK(folders[0].command == "train");
  CHECK(test::contains(results_markup(folders), "a: has no result yet"));
  const std::string curves = curves_markup(folders);
  CHECK(test::contains(curves, "a: 5 of 7 lines of metrics.jsonl cannot be read and are left out."));
  CHECK(test::contains(curves, "Training loss over steps"));
}

TEST_CASE("curves of several runs are drawn over each other, each under its name") {
  const test::TemporaryFolder place;
  const std::string lines = "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"loss\": 1, \"validation_x\": 0.5}\n";
  const std::vector<RunFolder> folders{run_folder(place, "a", "", lines), run_folder(place, "b", "", lines)};
  const std::string curves = curves_markup(folders);
  CHECK(std::count(curves.begin(), curves.end(), '\n') > 10);
  for (const char* text : {">a</text>", ">b</text>", "Validation x over steps"}) CHECK(test::contains(curves, text));
}

// A run of a seed, with a line of metrics for each loss.
RunFolder seeded(const test::TemporaryFolder& place, const std::string& name, int seed, double accuracy,
                 const std::string& more, const std::vector<double>& losses) {
  std::string lines;
  for (std::size_t i = 0; i < losses.size(); ++i)
    lines += fmt::format("{{\"step\": {}, \"loss\": {}}}\n", i + 1, losses[i]);
  return run_folder(place, name,
                    fmt::format(R"({{"command": "train", "accuracy": {}, "examples": 100, "seed": {},
                                  "options": {{"epochs": 1, "seed": {}, "out": "{}"{}}}}})",
                                accuracy, seed, seed, name, more),
                    lines);
}

TEST_CASE("runs that differ in their seed alone are a mean with its standard error, in the table and as one line") {
  const test::TemporaryFolder place;
  const std::vector<RunFolder> folders{seeded(place, "s1", 1, 0.8, "", {3, 2, 1}),
                                       seeded(place, "other", 4, 0.9, R"(, "lr": 2)", {9}),
                                       seeded(place, "s2", 2, 0.9, "", {5, 4})};
  const std::vector<pipeline::SeedGroup> groups = pipeline::seed_groups(folders);
  CHECK(groups == std::vector<pipeline::SeedGroup>{{0, 2}, {1}});
  const std::string results = results_markup(folders);
  for (const char* text : {"s*: mean of 2 seeds \u00b1 standard error", ">0.850 \u00b1 0.050<", ">100<", ">0.9<"})
    CHECK_MESSAGE(test::contains(results, text), text);
  const std::string curves = curves_markup(folders);
  CHECK(test::contains(curves, ">s*: mean of 2 seeds</text>"));
  CHECK(test::contains(curves, ">other</text>"));
  CHECK_FALSE(test::contains(curves, ">s1</text>"));
  CHECK(test::contains(curves, "one standard error to both sides of means"));
  CHECK(test::contains(curves, engine::to_base64("series,x,y,error,label\ns*: mean of 2 seeds,1,4,1,\n"
                                                 "s*: mean of 2 seeds,2,3,1,\nother,1,9,0,\n")));
}

TEST_CASE("the same seed twice is no repetition, nor is a run that says no seed or goes on") {
  const test::TemporaryFolder place;
  const std::vector<RunFolder> folders{seeded(place, "a", 1, 0.8, "", {1}),
                                       seeded(place, "b", 1, 0.8, "", {1}),
                                       run_folder(place, "c", R"({"command": "train", "options": {}})", ""),
                                       run_folder(place, "d", R"({"command": "train", "options": {}})", ""),
                                       run_folder(place, "e", "", ""),
                                       run_folder(place, "f", "", "")};
  CHECK(pipeline::seed_groups(folders).size() == 6);
  CHECK_FALSE(test::contains(results_markup(folders), "mean of"));
}

TEST_CASE("100,000 lines of metrics are thinned evenly to about a thousand points, which is said") {
  const test::TemporaryFolder place;
  std::string lines;
  for (int i = 1; i <= 100'000; ++i) lines += fmt::format("{{\"step\": {}, \"loss\": {}}}\n", i, 1.0 / i);
  const std::vector<RunFolder> folders{run_folder(place, "a", "", lines)};
  const std::string curves = curves_markup(folders);
  CHECK(test::contains(curves, "98999 of the points are left out, evenly: metrics.jsonl has all"));
  CHECK(curves.size() < 100'000);
}

TEST_CASE("labels, names and options with markup are text in a page") {
  const test::TemporaryFolder place;
  const std::string evil = "<script>alert(1)</script>";
  const std::vector<RunFolder> folders{run_folder(
      place, "a",
      fmt::format(R"({{"command": "{0}", "classes": [{{"label": "{0}", "f1": 0.5, "support": 3}}, {{"label": "b"}}],
                      "confusion": [[1, 2], [0, 4]], "options": {{"data": "{0}"}}, "{0}": 1,
                      "trials": [{{"number": 0, "state": "complete", "values": {{"{0}": 1}}, "parameters": {{"{0}": "{0}", "k": 1}}}}],
                      "importances": {{"{0}": 0.5}}, "best_so_far": [1]}})",
                  evil),
      fmt::format("{{\"step\": 1, \"{}\": 2}}\n", evil))};
  const pipeline::Panel panels[] = {{"r", pipeline::results_markup},
                                    {"c", pipeline::curves_markup},
                                    {"k", pipeline::classes_markup},
                                    {"s", pipeline::search_markup},
                                    {"p", pipeline::provenance_markup}};
  const std::string page = page_of(folders, panels);
  CHECK_FALSE(test::contains(page, "<script"));
  for (const pipeline::Panel& panel : panels) CHECK(test::contains(panel.markup(folders), "&lt;script&gt;"));
  CHECK(page == page_of(folders, panels));
}

TEST_CASE("a matrix tells right from wrong by colour, and a front its trials from those they beat") {
  const test::TemporaryFolder place;
  const std::vector<RunFolder> folders{run_folder(
      place, "a",
      R"({"classes": [{"label": "x"}, {"label": "y"}], "confusion": [[5, 2], [1, 9]], "front": [1], "trials": [
          {"number": 0, "state": "complete", "values": {"accuracy": 0.5, "bits": 9}, "parameters": {"p": 1, "q": "u"}},
          {"number": 1, "state": "complete", "values": {"accuracy": 0.6, "bits": 4}, "parameters": {"p": 2, "q": "v"}},
          {"number": 2, "state": "failed", "parameters": {"p": 3, "q": "v"}}]})",
      "")};
  const std::string classes = classes_markup(folders), search = search_markup(folders);
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
  };
  CHECK(count(classes, "<rect class=\"f0\"") == 2);
  CHECK(count(classes, "<rect class=\"f1\"") == 2);
  CHECK(test::contains(classes, "y taken for x: 1<"));
  CHECK(test::contains(search, ">front</text>"));
  CHECK(test::contains(search, ">other trials</text>"));
  CHECK(count(search, "<polyline class=\"k") >= 2);  // the trials that are complete, over their parameters
  CHECK(test::contains(search, "All 3 trials"));
}

TEST_CASE("long names in any script are cut between their characters") {
  const test::TemporaryFolder place;
  std::string name;
  for (int i = 0; i < 40; ++i) name += "\u00e4\u4e2d";
  const std::vector<RunFolder> folders{
      run_folder(place, "a",
                 fmt::format(R"({{"classes": [{{"label": "{0}"}}, {{"label": "b"}}], "confusion": [[1, 2], [0, 4]],
                      "trials": [{{"number": 0, "state": "complete", "values": {{"{0}": 1}}, "parameters": {{"{0}": "{0}", "k": 1}}}}],
                      "importances": {{"{0}": 0.5}}, "best_so_far": [1], "metadata": {{"nodes": [{{"name": "{0}"}}]}}}})",
                             name),
                 fmt::format("{{\"step\": 1, \"{}\": 2}}\n", name))};
  for (const auto markup :
       {pipeline::curves_markup, pipeline::classes_markup, pipeline::search_markup, pipeline::hardware_markup}) {
    CHECK(test::contains(markup(folders), "\u00e4\u4e2d"));
    CHECK_FALSE(test::contains(markup(folders), "\\x"));
  }
}

TEST_CASE("fields of another type than a run writes leave their figure out, and end nothing") {
  const test::TemporaryFolder place;
  for (
      const char* result :
      {R"({"classes": 3, "trials": "x", "options": [], "build": 1})",
       R"({"classes": [3], "trials": [3], "confusion": 1})",
       R"({"classes": [{"label": 1, "f1": "x"}], "confusion": [["x"]], "trials": [{"number": "x"}]})",
       R"({"trials": [{"number": 0, "state": 1, "values": [], "parameters": 2}], "front": 3, "importances": []})",
       R"({"trials": [{"number": 0, "state": "complete", "values": {"a": "x"}, "parameters": {"p": null, "q": []}}], "best_so_far": 1,
            "importances": {"p": "x"}, "front": ["x"]})"}) {
    const std::vector<RunFolder> folders{run_folder(place, "a", result, "")};
    for (const auto markup : {pipeline::results_markup, pipeline::curves_markup, pipeline::classes_markup,
                              pipeline::search_markup, pipeline::provenance_markup})
      CHECK_NOTHROW(markup(folders));
  }
}

TEST_CASE("emitted RTL is shown as blocks with its streams, its area by target and its simulation; damage is said") {
  const test::TemporaryFolder place;
  const std::string result = R"({"command": "emit", "metadata": {"nodes": [
      {"name": "pooler", "common": {"op": "linear", "args": {"data_in_0": {"precision": [4, 2], "shape": [1, 128]}}},
       "hardware": {"cycles": 1024, "parallelism": [4, 8], "interface": {"weight": {"storage": "BRAM", "words": 512, "word_bits": 96}}}},
      {"name": "<b>tanh", "common": {"op": "tanh", "results": {"data_out_0": {"precision": [4, 3], "shape": [1, 128]}}},
       "hardware": 3}, {"name": 4}, 5]}})";
  fs::create_directories(place / "rtl/simulation");
  engine::write_file(place / "rtl/synth.jsonl", "{\"target\": \"ecp5\", \"lut\": 636, \"ff\": 135}\nnot json\n");
  engine::write_file(place / "rtl/simulation/result.json", R"({"equal": true, "cycles": 208401})");
  const std::vector<RunFolder> folders{run_folder(place, "rtl", result, "")};
  const std::string markup = hardware_markup(folders);
  for (const char* text : {"fixed(4,2) x 128", "fixed(4,3) x 128", "4 in, 8 out a cycle", "1024 cycles a vector",
                           "&lt;b&gt;tanh", ">636<", "1 lines of synth.jsonl cannot be read", ">208401<", ">512<"})
    CHECK(test::contains(markup, text));
  CHECK_FALSE(test::contains(markup, "<b>"));
  engine::write_file(place / "rtl/simulation/result.json", "{");
  CHECK(test::contains(hardware_markup(folders), "class=\"warning\""));
  CHECK(hardware_markup(std::vector{run_folder(place, "other", R"({"metadata": {"nodes": 3}})", "")}).empty());
}

// A Linear of 4 to 8 numbers in 2 cycles a vector, emitted to place/rtl, and a trace of it: a vector a cycle, until the
// output waits.
std::vector<RunFolder> simulated(const test::TemporaryFolder& place) {
  const hw::LinearShape shape{
      .n = 8, .k = 4, .input_width = 8, .weight_width = 4, .output_width = 8, .parallelism = {4, 4}};
  const hw::Manifest manifest = hw::write_rtl(place / "rtl", hw::random_layer(shape, 1), {});
  std::vector<testbench::Byte> trace;
  for (int cycle = 0; cycle < 120; ++cycle) {
    const testbench::Byte reset = cycle < 2, valid = cycle >= 2, taken = cycle < 62;
    for (const testbench::Byte byte : {reset, testbench::Byte{7}, {0}, {0}, {0}, valid, valid}) trace.push_back(byte);
    for (const testbench::Byte byte : {testbench::Byte{9}, {0}, {0}, {0}, valid, taken}) trace.push_back(byte);
  }
  fs::create_directories(place / "rtl/simulation");
  engine::write_file(place / "rtl/simulation/trace.vcd", hw::to_vcd(hw::signals_of(manifest, trace), 20));
  return {run_folder(place, "rtl", R"({"command": "emit", "metadata": {"nodes": [{"name": "fc"}]}})", "")};
}

TEST_CASE("a recorded simulation is a waveform that scrolls, and the use of the multipliers over its cycles") {
  const test::TemporaryFolder place;
  const std::string markup = hardware_markup(simulated(place));
  CHECK(test::contains(markup, "aria-label=\"Waveform\"><svg class=\"chart wide\""));
  CHECK(test::contains(markup, ">7 0 0 0</text>"));
  CHECK(test::contains(markup, "cycles 0 to 47, from the first beat that goes in."));
  CHECK(test::contains(markup, "download=\"waveform.csv\""));
  // Of 120 cycles: none in the reset or in the first cycle, then all up to where the output waits.
  CHECK(test::contains(markup, "over the 120 recorded cycles, 49.2% in all"));
  CHECK(test::contains(markup, "cycle, in bins of 5"));
  CHECK(test::contains(markup, ">0.4</text>"));  // the axis begins at 0
  const std::vector<RunFolder> folders = simulated(place);
  engine::write_file(place / "rtl/simulation/trace.vcd", "$timescale 1s $end\n");
  CHECK(test::contains(hardware_markup(folders), "rtl: no waveform: trace.vcd: line 1: must be"));
  fs::remove(place / "rtl/simulation/trace.vcd");
  CHECK(test::contains(hardware_markup(folders), "`ingot simulate --trace 600` records the ports"));
  engine::write_file(place / "rtl/top.sv", "module top; endmodule\n");
  CHECK(test::contains(hardware_markup(folders), "area by layer and waveform are left out"));
}

TEST_CASE(
    "area by layer is what the last synthesis for a family says, and without one an estimate that says it is one") {
  const test::TemporaryFolder place;
  const std::vector<RunFolder> folders = simulated(place);
  CHECK(test::contains(hardware_markup(folders), "by the cost model: an estimate"));
  engine::write_file(place / "rtl/synth.jsonl",
                     R"({"target": "ecp5", "lut": 9, "layers": [{"layer": "fc", "lut": 9, "ff": 1}]}
{"target": "ecp5", "lut": 8, "layers": [{"layer": "<b>fc", "lut": 6, "ff": 3}, {"layer": "", "lut": 2}]}
{"target": "xilinx", "lut": 7, "layers": "x"}
{"target": "ice40", "lut": 7, "layers": [3, {"lut": "x", "ff": -4}]}
)");
  const std::string markup = hardware_markup(folders);
  for (const char* text : {"what each layer takes on ecp5, by synthesis", ">6 of 8<", ">2 of 8<", ">3 of 3<",
                           "LUT: &lt;b&gt;fc", "LUT: packing and carries"})
    CHECK_MESSAGE(test::contains(markup, text), text);
  for (const char* text : {"estimate", "<b>", "9 of 9", "takes on xilinx", "takes on ice40"})
    CHECK_FALSE(test::contains(markup, text));
}

TEST_CASE("a page tells nothing of its machine's folders, users or passwords") {
  CHECK(pipeline::shown_path("/home/ann/runs/a/") == "a");
  CHECK(pipeline::shown_path("runs/a/") == "runs/a");
  CHECK(pipeline::shown_path(fs::current_path() / "runs" / "b") == "runs/b");
  CHECK(pipeline::shown_value("/home/ann/own.csv") == "own.csv");
  CHECK(pipeline::shown_value("redis://ann:secret@host:6379/0") == "redis://host:6379/0");
  CHECK(pipeline::shown_value("http://host/a@b") == "http://host/a@b");
  CHECK(pipeline::shown_value(3) == "3");
}

}  // namespace
}  // namespace ingot

// Labs on a page, by results that were written by hand.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "labs/page.h"
#include "pipeline/pages/run_folder.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot {
namespace {

using pipeline::RunFolder;

RunFolder lab(const test::TemporaryFolder& place, const std::string& name, const std::string& lab, int seed,
              const std::string& rows) {
  std::filesystem::create_directories(place / name);
  engine::write_file(place / name / "result.json",
                     fmt::format(R"({{"command": "lab", "lab": "{}", "seed": {}, "recipe": {{"batch": 32}},
                                     "options": {{"data": "x.csv", "from": "model-{}", "seed": {}}}, "rows": [{}]}})",
                                 lab, seed, seed, seed, rows));
  return pipeline::read_run_folder(place / name);
}

const report::Series& named(const report::Chart& chart, const std::string& name) {
  for (const report::Series& series : chart.series) {
    if (series.name == name) return series;
  }
  FAIL(name);
  return chart.series[0];
}

TEST_CASE("labs that differ in their seed are one figure: means with standard errors, of what every seed has") {
  const test::TemporaryFolder place;
  std::vector<RunFolder> folders;
  for (const auto& [seed, ptq, qat] : {std::tuple{1, 0.80, 0.90}, {2, 0.84, 0.94}, {3, 0.88, 0.92}}) {
    std::string rows = fmt::format(
        R"({{"name": "float", "title": "float32", "series": "float32", "accuracy": 0.9{0}, "seed": {0}}},
           {{"name": "calibrated-2", "title": "2 bits", "series": "calibrated, PTQ", "accuracy": {1}, "seed": {0}, "packed_bytes": 1{0}0}},
           {{"name": "calibrated-2-qat", "title": "2 bits, QAT", "series": "calibrated, QAT", "accuracy": {2}, "seed": {0}, "packed_bytes": 100}})",
        seed, ptq, qat);
    if (seed == 1) rows += R"(, {"name": "calibrated-4", "series": "calibrated, PTQ", "accuracy": 0.5, "seed": 1})";
    folders.push_back(lab(place, fmt::format("seed-{}", seed), "1.1", seed, rows));
  }
  std::string left_out;
  const std::vector<labs::LabFigure> figures = labs::lab_figures(folders, left_out);
  REQUIRE(figures.size() == 2);
  const report::Series& after = named(figures[0].chart, "calibrated, PTQ");
  REQUIRE(after.points.size() == 1);
  CHECK(after.points[0].x == 2);
  CHECK(after.points[0].y == doctest::Approx(0.84));
  CHECK(after.points[0].error == doctest::Approx(0.04 / std::sqrt(3)));
  CHECK(named(figures[0].chart, "float32").points[0].error == doctest::Approx(0.01 / std::sqrt(3)));
  CHECK(left_out == "not in the figure: 1 points that not every seed has\n");
  const report::Series& sizes = named(figures[1].chart, "calibrated");
  CHECK(sizes.points[0].x == doctest::Approx(120));
  CHECK(sizes.points[0].label == "2 bits");
  const std::string page = labs::lab_markup(folders);
  CHECK(test::contains(page, "seed-*: mean of 3 seeds: Lab 1.1"));
  CHECK(test::contains(page, "seed-2: rows"));
  folders.push_back(lab(place, "again", "1.1", 3, R"({"name": "float", "series": "float32", "accuracy": 0.9})"));
  CHECK(test::contains(labs::lab_markup(folders), "again: Lab 1.1"));
}

TEST_CASE("lab 4 is shown by its designs: how they were simulated and what they take; what it did not write is said") {
  const std::vector<RunFolder> folders{pipeline::read_run_folder(std::string(INGOT_DOCS) + "/lab-4")};
  const std::string page = labs::lab_markup(folders);
  for (const char* text : {": simulations<", ": areas<", ">RReLU, the lab&#39;s slopes<"})
    CHECK_MESSAGE(test::contains(page, text), text);
  for (const engine::Json& row : folders[0].result["rows"]) {
    if (row["name"] != "ffn-8") continue;
    for (const engine::Json& number :
         {row["synthesis"]["xilinx"]["lut"], row["simulation"]["simulated_ns"], row["netlists"]["xilinx"]["beats"]})
      CHECK_MESSAGE(test::contains(page, fmt::format(">{}<", number.get<std::int64_t>())), number);
  }
  const test::TemporaryFolder place;
  const std::vector<RunFolder> damaged{lab(place, "a", "4", 1, R"({"simulation": {"cycles": "x"}})")};
  CHECK(test::contains(labs::lab_markup(damaged), "a: its designs cannot be shown"));
  CHECK(labs::lab_markup(std::vector{lab(place, "b", "4", 1, "")}).empty());
}

TEST_CASE("lab 5.2 is shown by its core in simulation, its cycles and its chips, as far as they are done") {
  const test::TemporaryFolder place;
  const std::string core = R"({"name": "core", "state": "done", "emit": {"pi": 8, "po": 8}, "simulation":
      {"vectors": 100, "edge_codes": 1234, "different_beats": 0, "extra_beats": 0, "different_edge_beats": 3,
       "cycles": 5000, "cycles_per_second": 2e6, "build_seconds": 3.5,
       "lengths": [{"tokens": 128, "cycles": 1000000, "promised_cycles": 999999, "products": 900000}]}})";
  const std::string chip = R"({"name": "ecp5-85", "state": "done", "synthesis":
      {"lut": 11000, "ff": 9000, "dsp": 69, "bram": 180, "fmax_mhz": 75.0}})";
  const std::string open = R"({"name": "model", "state": "open"}, {"name": "artix-100t", "state": "failed"})";
  const std::string page = labs::lab_markup(std::vector{lab(place, "a", "5.2", 1, core + "," + chip + "," + open)});
  // 1,000,000 cycles at 75 MHz are 13.33 ms, 9,600 tokens a second; three beats differ.
  for (const char* text : {"a: simulation<", ">1234<", ">3<", ">2.00<", "a: cycles<", ">90.0<", ">13.33<", ">9600<",
                           "a: areas<", ">11000<", ">75.0<"})
    CHECK_MESSAGE(test::contains(page, text), text);
  CHECK_FALSE(test::contains(page, ">artix-100t<"));
  const std::string unplaced = labs::lab_markup(std::vector{lab(place, "b", "5.2", 1, core)});
  CHECK(test::contains(unplaced, ">1000000<"));
  CHECK_FALSE(test::contains(unplaced, "b: areas<"));
  const std::vector<RunFolder> damaged{
      lab(place, "c", "5.2", 1, R"({"name": "core", "state": "done", "simulation": 1})")};
  CHECK(test::contains(labs::lab_markup(damaged), "c: its designs cannot be shown"));
}

}  // namespace
}  // namespace ingot

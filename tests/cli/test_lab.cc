// The labs: their tables, and the program that works through them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "cli/command.h"
#include "cli/commands.h"
#include "engine/io/json.h"
#include "labs/lab.h"
#include "labs/report.h"
#include "labs/run.h"
#include "report/chart.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using namespace ingot::cli;
using namespace ingot::labs;
using namespace ingot::report;
using engine::Json;
namespace fs = std::filesystem;

namespace {

const Setup kSetups[] = {{},
                         {.recipe = recipe_for("glosses")},
                         {.from_given = true},
                         {.from_given = true, .from_compressed = true},
                         {.recipe = quick(recipe_for("glosses")), .is_quick = true}};

// Refuses words that the command line does, without doing what they say.
void check_parses(std::vector<std::string> words) {
  CLI::App program("", "ingot");
  Command root(program);
  for (const auto add_command : kCommands) add_command(root);
  for (CLI::App* command : program.get_subcommands({})) {
    command->parse_complete_callback([command] {  // before its action
      CHECK(command->remaining().empty());
      throw CLI::Success();
    });
  }
  std::reverse(words.begin(), words.end());
  CHECK_THROWS_AS(program.parse(std::move(words)), CLI::Success);
}

Row row(const std::string& name, const std::string& command) {
  return {.name = name, .title = name, .commands = {command}};
}

RowResult result(double accuracy, double validation) {
  return {{{"accuracy", accuracy}, {"validation_accuracy", validation}}, "a row"};
}

// Marks a row as done with what its commands measured, which wrote nothing into its folder.
void finish(const LabFolder& folder, const Row& row, const Json& measured) {
  RowResult result(measured, row.name);
  result.seconds = 60;
  result.typed = row.commands;
  folder.finish_row(row, result);
}

}  // namespace

TEST_CASE("every row of every lab has a name of its own, stands behind what it needs, and types words that parse") {
  for (const Lab& lab : kLabs) {
    for (const Setup& setup : kSetups) {
      const std::vector<Row> rows = lab.rows(setup);
      CHECK_NOTHROW(choose_rows(rows, std::string(lab.quick_rows)));
      const std::set<std::string> given{"here", "data", "seed", "seed2", "seed3", "from", "plan"};
      std::set<std::string> names, folders = given;
      for (const Row& r : rows) {
        INFO("lab ", lab.name, ", row ", r.name);
        CHECK(names.insert(r.name).second);
        CHECK(r.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos);
        std::map<std::string, std::string> values;
        for (const std::string& command : r.commands) {
          for (const std::string& stand_in : stand_ins(command)) {
            CHECK_MESSAGE(folders.contains(stand_in), stand_in);
            CHECK(given.contains(stand_in) ==
                  needs({.name = r.name, .title = "", .commands = {"{" + stand_in + "}"}}, rows).empty());
            values[stand_in] = stand_in.starts_with("seed") || stand_in.ends_with(".value") ? "1" : "a folder";
          }
        }
        CHECK(r.plan.empty() != values.contains("plan"));
        for (const std::string& command : r.commands) check_parses(words_of(command, values));
        folders.insert(r.name);
        if (!r.choice.empty()) folders.insert({r.choice, r.choice + ".value"});
      }
      for (const Row& r : rows) {
        for (const Asked& asked : r.asked) CHECK((asked.than.empty() || folders.contains(asked.than)));
      }
    }
  }
}

TEST_CASE("stand-ins become words, whatever characters a path has") {
  const std::map<std::string, std::string> values{{"data", "my {here} reviews.csv"}, {"here", "out"}, {"seed", "3"}};
  CHECK(words_of("train --data {data}  --seed={seed} --out {here}", values) ==
        std::vector<std::string>{"train", "--data", "my {here} reviews.csv", "--seed=3", "--out", "out"});
}

TEST_CASE("a row needs the rows that it names, and all that compete for a choice that it names") {
  std::vector<Row> rows{row("a", "train"),
                        row("b", "train --from {a}"),
                        row("c", "train --from {a}"),
                        row("d", "quantize {a} --lr {best.value}"),
                        row("e", "eval {d}"),
                        row("f", "train")};
  rows[1].choice = rows[2].choice = "best";
  CHECK(needs(rows[3], rows) == std::vector<std::string>{"a", "b", "c"});
  const auto names = [](const std::vector<Row>& chosen) {
    std::string all;
    for (const Row& r : chosen) all += r.name;
    return all;
  };
  CHECK(names(choose_rows(rows, "")) == "abcdef");
  CHECK(names(choose_rows(rows, "e")) == "abcde");
  CHECK(names(choose_rows(rows, "f,b")) == "abf");
  CHECK(names(choose_rows(rows, "[bc]")) == "abc");
  CHECK(test::contains(test::error_text([&] { choose_rows(rows, "a,g*"); }),
                       "no row is named 'g*'; the rows are a, b, c"));

  Results results{{"b", result(0.9, 0.7)}};
  CHECK(resolve("best", rows, results) == nullptr);
  results.insert_or_assign("c", result(0.1, 0.8));
  REQUIRE(resolve("best", rows, results) != nullptr);
  CHECK(resolve("best", rows, results)->name == "c");  // by validation, not by test
  results.insert_or_assign("c", result(0.9, 0.7));
  CHECK(resolve("best", rows, results)->name == "b");  // the first among equals
  CHECK(resolve("a", rows, results) == nullptr);
}

TEST_CASE("a row without a validation accuracy is not chosen, not drawn at zero, and named") {
  const RowResult without({{"accuracy", 0.99}}, "a row");
  std::vector<Row> rows{row("a", "train"), row("b", "train"), row("c", "train")};
  for (Row& r : rows) r.choice = "best";
  Results results{{"a", without}, {"b", result(0.5, -1.0)}, {"c", without}};
  REQUIRE(resolve("best", rows, results) != nullptr);
  CHECK(resolve("best", rows, results)->name == "b");  // below zero, but measured
  results.insert_or_assign("b", without);
  CHECK(resolve("best", rows, results) == nullptr);
  results.insert_or_assign("b", RowResult({{"accuracy", 0.99}, {"validation_accuracy", nullptr}}, "a row"));
  CHECK(resolve("best", rows, results) == nullptr);

  for (const std::string name : {"3.1", "3.2"}) {
    const auto lab = std::find_if(kLabs.begin(), kLabs.end(), [&](const Lab& l) { return l.name == name; });
    const test::TemporaryFolder place;
    const LabFolder folder(place / "lab", {{"seed", 1}});
    const std::vector<Row> all = lab->rows({.from_given = true});
    const LabRun run{.folder = folder, .rows = all, .chosen = {all[0]}, .values = {}};
    for (const Row& r : all) {
      if (r.name != "float" && !r.is_shared) continue;
      Json measured{{"accuracy", 0.87}};  // as eval gives it
      if (r.is_shared) measured.update({{"validation_accuracy", 0.86}, {"best_so_far", {nullptr, 0.85, 0.86}}});
      finish(folder, r, measured);
    }
    const LabReport report = report_on(*lab, run, {{"below-3-qat", "it \x1b[2J failed"}});
    CHECK_FALSE(report.chart.series.empty());
    for (const Series& series : report.chart.series) {
      CHECK(series.name != "float32");
      for (const Point& point : series.points) CHECK(point.y >= 0.85);
    }
    CHECK(test::contains(report.text, "not in the figure: float32, which has no validation accuracy\n"));
    // A page says of every row what became of it.
    for (const Row& r : all) CHECK(test::contains(report.markdown, "| " + r.title + " |"));
    if (name == "3.2") continue;
    CHECK(test::contains(report.markdown, "| float32, 1 epoch more at 0.001 | not asked for |"));
    CHECK(test::contains(report.markdown, "rows: 7 of 20 done, 1 failed, 12 not asked for"));
    CHECK(test::contains(report.markdown, "- failed: whole model below 3 bits, QAT: it \\x1b[2J failed"));
  }
}

TEST_CASE("no two series of a figure have one colour and dash") {
  for (const Lab& lab : kLabs) {
    Chart chart;
    for (const Row& r : lab.rows({})) {
      if (r.series.empty()) continue;
      const std::string group = r.series.substr(0, r.series.rfind(", "));
      for (const bool is_reference : {false, true}) {
        const std::string name = (is_reference ? "reference: " : "") + r.series;
        const auto has = [&](const Series& s) { return s.name == name; };
        if (std::any_of(chart.series.begin(), chart.series.end(), has) || (is_reference && !r.reference)) continue;
        chart.series.push_back(
            {.name = name, .points = {{1, 1}}, .group = group, .is_level = !r.x, .is_reference = is_reference});
      }
    }
    if (lab.report != nullptr) {
      CHECK(chart.series.empty());
      continue;
    }
    const std::vector<Stroke> strokes = strokes_of(chart);
    std::set<std::pair<std::size_t, std::size_t>> seen;
    for (const Stroke s : strokes) CHECK(seen.insert({s.colour, s.dash}).second);
    CHECK(seen.size() > 5);
  }
}

TEST_CASE("bounds are judged from measured rows only") {
  std::vector<Row> rows{row("float", "train"), row("half", "train"), row("full", "train")};
  rows[1].choice = rows[2].choice = "control";
  Results results;
  const auto verdict = [&](const Asked& asked) { return judge(asked, rows[0], rows, results); };
  CHECK(verdict({.accuracy = 0.868}).text == ">= 0.8680");
  CHECK(verdict({.accuracy = -0.004, .than = "control"}).text == ">= control - 0.004");
  CHECK_FALSE(verdict({.accuracy = 0.868}).met.has_value());
  results.emplace("float", result(0.8680, 0.9));
  results.emplace("half", result(0.8721, 0.7));
  CHECK_FALSE(verdict({.accuracy = -0.004, .than = "control"}).met.has_value());
  results.emplace("full", result(0.8720, 0.8));
  CHECK(verdict({.accuracy = 0.868}).met == true);
  CHECK(verdict({.accuracy = 0.8681}).met == false);
  CHECK(verdict({.accuracy = -0.004, .than = "control"}).text == ">= 0.8680 (control - 0.004)");
  CHECK(verdict({.accuracy = -0.004, .than = "control"}).met == true);
  CHECK(verdict({.accuracy = -0.0039, .than = "control"}).met == false);
  CHECK_FALSE(verdict({.at_most_bytes = 500}).met.has_value());
  results.at("float").figures.packed_bytes = 501;
  CHECK(verdict({.at_most_bytes = 500}).met == false);
  CHECK(verdict({.at_most_bytes = 501}).met == true);
}

TEST_CASE("a report shows every measured value, and the reference and bounds on IMDb alone") {
  for (const Lab& lab : kLabs) {
    if (lab.report != nullptr) continue;  // it measures something else
    const test::TemporaryFolder place;
    const LabFolder folder(place / "lab", {{"seed", 1}});
    const std::vector<Row> rows = lab.rows({});
    const LabRun run{.folder = folder, .rows = rows, .chosen = rows, .values = {}};
    const auto fill = [&](std::int64_t examples) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double accuracy = 0.9 - 0.001 * static_cast<double>(i);
        finish(folder, rows[i],
               {{"accuracy", accuracy},
                {"validation_accuracy", accuracy},
                {"examples", examples},
                {"packed_bytes", 1000 + i}});
      }
    };
    fill(2000);
    const LabReport other = report_on(lab, run, {});
    CHECK_FALSE(test::contains(other.markdown, "reference"));
    CHECK_FALSE(test::contains(other.text, "bounds"));
    fill(25'000);
    const LabReport report = report_on(lab, run, {});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      INFO(rows[i].name);
      CHECK(report.rows[i]["accuracy"] == 0.9 - 0.001 * static_cast<double>(i));
      const std::string cells = fmt::format("| {} | {:.4f} |", rows[i].title, report.rows[i]["accuracy"].get<double>());
      CHECK(test::contains(report.markdown, cells));
      CHECK(test::contains(report.markdown, fmt::format(" | {} | ", 1000 + i)));
      if (rows[i].reference) CHECK(report.rows[i]["reference"] == *rows[i].reference);
      CHECK(report.rows[i].contains("bounds") == !rows[i].asked.empty());
    }
    CHECK(test::contains(report.text, "bounds: "));
    CHECK(test::contains(report.text, fmt::format("accuracy {} or more: {}, 1000 bytes, 0.9000", lab.kept_accuracy,
                                                  rows[0].title)) == (lab.kept_accuracy > 0));
    CHECK(report.chart.series.size() >= 3);
    write_chart(report.chart, place.path(), "figure");
    if (const char* keep = std::getenv("INGOT_TEST_KEEP"))
      fs::copy(place.path(), fs::path(keep) / lab.name, fs::copy_options::recursive);
  }
}

TEST_CASE(
    "tokens a second of a row are of inference in the model's own arithmetic, not of training or imitated formats") {
  const Json trained{{"command", "quantize"}, {"tokens_per_second", 1000}};
  const Json against{{"output_noise", 0.5}};
  const Json imitated{{"command", "eval"}, {"tokens_per_second", 2000}, {"against", against}};
  Json in_integers = imitated;
  in_integers["integer"] = Json::object();
  const Json evaluated{{"command", "eval"}, {"tokens_per_second", 3000}};
  const auto assemble = [](const std::vector<Row>& rows, const std::string& name, const std::vector<Json>& results) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.name == name; });
    REQUIRE(row != rows.end());
    return row->assemble(results);
  };
  CHECK_FALSE(assemble(rows_1_1({}), "calibrated-8", {trained, imitated}).contains("inference_tokens_per_second"));
  CHECK(assemble(rows_5_1({}), "8", {trained, in_integers})["inference_tokens_per_second"] == 2000);
  CHECK(assemble(rows_2_2({}), "plain-run", {evaluated, imitated})["inference_tokens_per_second"] == 3000);
}

TEST_CASE("lab 4 reports the designs that are done with their best times, and what was asked of them") {
  const auto lab = std::find_if(kLabs.begin(), kLabs.end(), [](const Lab& l) { return l.name == "4"; });
  const test::TemporaryFolder place;
  const LabFolder folder(place / "lab", {{"seed", 1}});
  const std::vector<Row> rows = lab->rows({});
  const LabRun run{.folder = folder, .rows = rows, .chosen = rows, .values = {}};
  const auto simulated = [](double build, double seconds) {
    return Json{{"equal", true},
                {"vectors", 10},
                {"beats", 20},
                {"cycles", 6'000'000},
                {"simulated_ns", 120'000'000},
                {"build_seconds", build},
                {"simulation_seconds", seconds},
                {"cycles_per_second", 6e6 / seconds},
                {"utilisation", 1.0},
                {"latency_cycles", 7}};
  };
  const auto synthesised = [](const std::string& target) {
    return Json{{"target", target},
                {"lut", 123},
                {"ff", 45},
                {"dsp", 16},
                {"bram", 0},
                {"last_run", Json::object()},
                {"model", {{"lut", 6.0}, {"ff", 7.0}, {"bram", 0.0}}}};
  };
  const auto netlist = [&](const std::string& target, int beats, bool equal) {
    Json simulation = simulated(1, 1);
    simulation.update({{"beats", beats}, {"equal", equal}, {"netlist", {{"target", target}}}});
    return simulation;
  };
  const Json emitted{{"multipliers", 16}, {"metadata", {{"nodes", Json::array()}}}};
  const LabReport nothing = report_on(*lab, run, {});
  CHECK(test::contains(nothing.text, "not done yet: xc7 LUT (not measured) <= 200"));
  for (const Json& bound : nothing.more["bounds"]) CHECK(bound["met"].is_null());
  for (const Row& row : rows) {
    if (row.name == "relu" || row.name == "rrelu-lab")
      finish(folder, row,
             row.assemble(std::vector<Json>{
                 emitted, simulated(3, 2), synthesised("xilinx"), netlist("xilinx", 40, true), synthesised("ecp5"),
                 netlist("ecp5", 50, row.name == "relu"), synthesised("ice40"), netlist("ice40", 60, true)}));
    if (row.name == "timing")
      finish(folder, row,
             row.assemble(std::vector<Json>{simulated(2, 3), simulated(9, 9), simulated(4, 1), simulated(9, 9)}));
  }
  const LabReport report = report_on(*lab, run, {});
  const auto relu =
      std::find_if(report.rows.begin(), report.rows.end(), [](const Json& r) { return r["name"] == "relu"; });
  CHECK((*relu)["simulation"]["build_seconds"] == 2.0);
  CHECK((*relu)["simulation"]["simulation_seconds"] == 1.0);
  CHECK((*relu)["simulation"]["rounds"] == 3);
  CHECK((*relu)["reference"]["wall_seconds"] == 53.2);
  CHECK((*relu)["synthesis"]["ice40"]["lut"] == 123);
  CHECK_FALSE((*relu)["synthesis"]["ice40"].contains("last_run"));
  CHECK(test::contains(report.text, "NOT met: latency 7 <= 6"));
  CHECK(test::contains(report.text, "met: xc7 LUT 123 <= 200"));
  CHECK(test::contains(report.text, "NOT met: RReLU over ReLU 1.667 <= 1.1"));
  CHECK(test::contains(report.text, "NOT met: hx8k MHz (not measured) >= 80"));
  CHECK(test::contains(report.text, "NOT met: every beat of every design and of its netlists equal"));
  CHECK(test::contains(report.markdown,
                       "| RReLU, the lab's slopes | xilinx | 123 | 45 | 16 | 0 | 6 | 7 | 0 | 40 | yes |"));
  CHECK(
      test::contains(report.markdown, "| RReLU, the lab's slopes | ecp5 | 123 | 45 | 16 | 0 | 6 | 7 | 0 | 50 | NO |"));
  CHECK(test::contains(report.text, "rows: 3 of 11 done, 8 not started"));
}

// bench_targets: what the benches are (--list), the speed claims measured (--targets), a page about all (--report).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "bench/machine.h"
#include "bench/programs.h"
#include "bench/report.h"
#include "bench/targets.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"

namespace ingot::bench {
namespace {

using engine::Json;

constexpr double kQuiet = 1.5;  // the load average up to which figures can be quoted

struct Options {
  bool list = false, report = false, targets = false, json = false;
  std::string out = "docs/bench", only;
  int rounds = 9;
};

void list(const Options& options) {
  Json found = describe_machine();
  Json& programs = found["benches"];
  for (const char* program : kPrograms) programs[program] = list_benchmarks(program);
  for (const TargetGroup& group : target_groups()) programs["bench_targets"].push_back(group.name);
  if (options.json) {
    fmt::print("{}\n", found.dump());
    return;
  }
  std::string executable;
  for (const Json& isa : found["instruction_sets"]) executable += " " + isa.get<std::string>();
  fmt::print("{}, {} processors\ninstruction sets that run here:{}; in use: {}\n", found["cpu"].get<std::string>(),
             found["processors"].get<int>(), executable, found["instruction_set"].get<std::string>());
  for (const auto& [name, version] : found["peers"].items()) fmt::print("peer: {}\n", version.get<std::string>());
  if (found["missing_peers"] != "") fmt::print("{}\n", found["missing_peers"].get<std::string>());
  for (const auto& [program, names] : programs.items())
    for (const Json& name : names) fmt::print("{}: {}\n", program, name.get<std::string>());
}

void print(const Target& t) {
  const int digits = t.unit == "ms" ? 1 : 2;
  std::string line = fmt::format("{:52} ", t.name);
  line +=
      t.measured ? fmt::format("{:6.{}f} {:9}", *t.measured, digits, t.unit) : fmt::format("{:>16}", "not measured");
  line += fmt::format(" floor {}{:.{}f}", t.less_is_better ? "<= " : "", t.floor, digits);
  if (t.goal) line += fmt::format(", goal {:.{}f}", *t.goal, digits);
  if (t.measured) line += t.reached() ? ": reached" : ": missed";
  if (t.spread) line += fmt::format("; spread {:.0f}%", 100 * *t.spread);
  if (t.share) line += fmt::format("; {:.0f}% of peak", 100 * *t.share);
  if (t.best_share) line += fmt::format(", at best {:.0f}%", 100 * *t.best_share);
  for (const auto& [name, ratio] : t.ratios)
    if (ratio) line += fmt::format("; {} x{:.2f}", name, *ratio);
  if (!t.note.empty()) line += fmt::format("; {}", t.note);
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// The targets of the groups that --only names, each handed on as it is measured.
void measure_targets(const Options& options, const std::function<void(const Target&)>& emit) {
  if (load_average() > kQuiet) {
    fmt::print(stderr,
               "ingot bench: the load average is {:.1f}: peers whose threads wait for each other at every product look "
               "many times slower than they are on a quiet machine\n",
               load_average());
  }
  for (const TargetGroup& group : target_groups()) {
    if (group.name.find(options.only) != std::string_view::npos) group.measure(options.rounds, emit);
  }
}

void targets(const Options& options) {
  measure_targets(options, [&](const Target& target) {
    if (!options.json) return print(target);
    Json line = to_json(target);
    line["load_average"] = load_average();
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
  });
}

void report(const Options& options) {
  const std::filesystem::path folder = options.out;
  Json all{{"machine", describe_machine()}, {"roofs", measure_roofs()}, {"targets", Json::array()}};
  measure_targets(options, [&](const Target& target) { all["targets"].push_back(to_json(target)); });
  const std::string filter = options.only.empty() ? "." : options.only;
  all["kernels"] = run_benchmarks("bench_kernels", filter);
  all["steps"] = run_benchmarks("bench_steps", filter);
  all["load_after"] = load_average();
  std::filesystem::create_directories(folder);
  draw_roofline(all, folder);
  engine::write_file(folder / "bench.json", all.dump(1) + "\n");
  engine::write_file(folder / "bench.md", markdown(all));
  fmt::print("{}: bench.md, bench.json, roofline.svg, roofline.csv\n", folder.string());
}

int run(int argc, char** argv) {
  Options options;
  CLI::App program("Lists the benches, measures the speed claims, or writes a page about all.", "ingot bench");
  CLI::Option_group& what = *program.add_option_group("what");
  what.add_flag("--list", options.list, "what benches exist, and what of it runs here");
  what.add_flag("--targets", options.targets, "the speed claims, measured");
  what.add_flag("--report", options.report, "the claims and all benches: bench.md, bench.json, roofline.svg and .csv");
  what.require_option(1);
  program.add_flag("--json", options.json, "the lists and targets as JSON, an object a line");
  program.add_option("--out", options.out, "folder of the report")->capture_default_str();
  program.add_option("--only", options.only, "only targets and benches with this in their name");
  program.add_option("--rounds", options.rounds, "of the programs that take turns")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  program.footer("Without --list, --targets or --report, ./ingot bench hands its arguments to Google Benchmark.");
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  }
  if (options.list) list(options);
  if (options.targets) targets(options);
  if (options.report) report(options);
  return 0;
}

}  // namespace
}  // namespace ingot::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return ingot::bench::run(argc, argv);
  } catch (const ingot::engine::Error& error) {
    fmt::print(stderr, "ingot bench: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "ingot bench: failed: {}\n", error.what());
    return 1;
  }
}

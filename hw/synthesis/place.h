// Places and routes a netlist on the device of its target with nextpnr: what it uses of the device, how fast it can
// run, and which path bounds that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/targets.h"
#include "hw/tools.h"

namespace ingot::hw {

struct PlacementOptions {
  double clock_mhz = 100;  // what the placer works towards
  std::uint64_t seed = 1;
};

// A step of a path: through a cell, or along a wire to the next one.
struct Hop {
  std::string kind;  // clk-to-q, logic, routing, setup
  double delay_ns = 0;
  std::string signal;  // of the design, as its source names it, or the one before a nameless one
  std::string layer;   // whose signal it is; empty: no layer's
  std::string net;     // as the netlist names it; of a cell: the cell
};

struct Placement {
  struct Use {
    std::string kind;  // of the device's cells
    std::int64_t used, available;
  };

  std::string placer;     // program
  std::string device;     // for people
  double clock_mhz = 0;   // that was asked for
  std::vector<Use> uses;  // empty if it could not be placed
  std::optional<double> fmax_mhz;
  std::vector<Hop> path;  // the slowest from register to register, from its start to its end
  std::string failure;    // why there is no fmax_mhz
  std::string log;        // what the placer said

  bool meets_clock() const { return fmax_mhz && *fmax_mhz >= clock_mhz; }
  double path_ns() const;
  std::int64_t used(const std::string& kind) const;  // 0 if the device has none
};

// The program that places for the target. Throws Error if nothing places for it, and if the program is missing, with
// what installs it.
Tool placer_of(Target target);

// Places FOLDER/net.json. `layers` are those that signals are named after (Design::layers).
Placement place(const std::filesystem::path& folder, Target target, const std::vector<std::string>& layers,
                const PlacementOptions& options);

// What a report of nextpnr says (--report).
void read_report(const engine::Json& report, const std::vector<std::string>& layers, Placement& placement);

engine::Json to_json(const Placement& placement);

}  // namespace ingot::hw

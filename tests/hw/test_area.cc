// How a netlist's area is divided among layers, on a netlist small enough to count by hand.
#include <doctest/doctest.h>

#include "engine/io/json.h"
#include "hw/synthesis/area_by_layer.h"

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

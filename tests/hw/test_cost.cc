// The cost model, its fit, and a real synthesis.
#include <doctest/doctest.h>

#include <array>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/passes/cost.h"
#include "hw/passes/parallelism.h"
#include "hw/synthesis/sweep.h"
#include "hw/synthesis/synthesize.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using hw::Target;
using test::contains;
using test::error_text;

TEST_CASE("a fit finds the coefficients that made the values, and none below 0") {
  engine::Rng rng(11);
  const std::vector<double> made{30, 0.5, 0, 2};
  std::vector<std::vector<double>> features;
  std::vector<double> values;
  for (int i = 0; i < 20; ++i) {
    features.push_back({1, 100 * rng.uniform(), 50 * rng.uniform(), 20 * rng.uniform()});
    double value = 0;
    for (std::size_t j = 0; j < made.size(); ++j) value += made[j] * features.back()[j];
    values.push_back(value);
  }
  const std::vector<double> found = hw::fit(features, values);
  for (std::size_t j = 0; j < made.size(); ++j) CHECK(found[j] == doctest::Approx(made[j]).epsilon(1e-3).scale(1));
  for (const double error : hw::left_out_errors(features, values)) CHECK(std::abs(error) < 1e-3);
  for (double& value : values) value = 1000 - value;  // falls where features rise
  for (const double c : hw::fit(features, values)) CHECK(c >= 0);
}

TEST_CASE("the cost model computes with what the recorded sweeps of syntheses found") {
  const std::pair<const char*, std::pair<Target, bool>> sweeps[] = {
      {"ice40", {Target::ice40, true}},   {"ice40", {Target::ice40, false}},  // it has none to leave out
      {"ecp5", {Target::ecp5, true}},     {"ecp5-no-dsp", {Target::ecp5, false}},
      {"xilinx", {Target::xilinx, true}}, {"xilinx-no-dsp", {Target::xilinx, false}}};
  for (const auto& [name, what] : sweeps) {
    CAPTURE(name);
    const auto [target, dsp] = what;
    const std::string file = std::string(INGOT_GOLDEN) + "/../../docs/hardware/sweep-" + name + "/result.json";
    const engine::Json fit = engine::parse_json(engine::read_file(file), file);
    const auto expected = [&](const char* key, const std::vector<double>& features) {
      double sum = 0;
      for (std::size_t i = 0; i < features.size(); ++i) sum += features[i] * fit[key]["coefficients"][i].get<double>();
      return sum;
    };
    for (const hw::LinearShape& shape : hw::sweep_shapes(20, 1)) {
      const hw::Cost cost = hw::cost(shape, target, dsp);
      // 1%: the code has four digits of each coefficient.
      CHECK(cost.lut == doctest::Approx(expected("lut", hw::lut_features(shape, target, dsp))).epsilon(0.01));
      CHECK(cost.ff == doctest::Approx(expected("ff", hw::ff_features(shape, target, dsp))).epsilon(0.01));
    }
  }
}

TEST_CASE("registers behind block RAM are those of what lies in it: weights, inputs and biases") {
  hw::LinearShape shape{
      .n = 64, .k = 256, .input_width = 8, .weight_width = 8, .output_width = 8, .parallelism = {2, 4}};
  const auto bits = [&](Target target, bool dsp) { return hw::ff_features(shape, target, dsp).back(); };
  CHECK(bits(Target::xilinx, false) == 2 * 4 * 8 + 2 * 8);  // 16 biases for each output are few enough for logic
  CHECK(bits(Target::xilinx, true) == 0);                   // the multipliers have registers of their own
  shape.parallelism = {2, 2};
  CHECK(bits(Target::xilinx, false) == 2 * 2 * 8 + 2 * 8 + 2 * (8 + 8 + 8));
  CHECK(bits(Target::xilinx, true) == 2 * (8 + 8 + 8));
  CHECK(bits(Target::ecp5, true) == 2 * 2 * 8 + 2 * 8 + 2 * (8 + 8 + 8));
  shape.k = 16;  // 8 beats of inputs, twice: in registers
  CHECK(bits(Target::xilinx, false) == 2 * 2 * 8 + 2 * (8 + 8 + 4));
  shape.n = 4;  // 16 words of weights and 2 of biases: all in logic
  CHECK(bits(Target::xilinx, false) == 0);
}

TEST_CASE("drawn layers are legal, and more lanes cost more and take fewer cycles") {
  const std::vector<hw::LinearShape> shapes = hw::sweep_shapes(50, 1);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const hw::Graph graph = hw::random_layer(shapes[i], i);
    compress::check(graph);
    CHECK(hw::cost(graph, Target::xilinx).cycles == hw::interval(graph));
  }
  for (const Target target : hw::kTargets) {
    hw::LinearShape shape{
        .n = 64, .k = 64, .input_width = 8, .weight_width = 8, .output_width = 8, .parallelism = {2, 2}};
    const hw::Cost few = hw::cost(shape, target);
    shape.parallelism = {8, 8};
    const hw::Cost many = hw::cost(shape, target);
    CHECK(few.cycles == 1024);
    CHECK(many.cycles == 64);
    CHECK(many.lut > few.lut);
    CHECK(many.ff > few.ff);
    CHECK(few.dsp == (target == Target::ice40 ? 0 : 4));
    const hw::Cost both = hw::cost({shape, shape}, target);
    CHECK(both.lut == doctest::Approx(2 * many.lut));
    CHECK(both.cycles == many.cycles);
    shape.weight_width = 4;
    CHECK(hw::cost(shape, target).lut < many.lut);
  }
  CHECK(contains(error_text([] { hw::parse_target("xc7"); }),
                 "must be one of ice40, ecp5, xilinx, artix-100t, ecp5-85, up5k, generic, got 'xc7'"));
}

TEST_CASE("Yosys takes the lab's design, within its bounds and not far from the model") {
  if (!engine::find_program("yosys")) {
    MESSAGE("skipped: yosys is missing: install the Debian package yosys");
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
  const hw::Synthesis s = hw::synthesize(hw::open_rtl(folder / "rtl"), Target::xilinx, {});
  CHECK(s.lut <= 200);
  CHECK(s.ff <= 300);
  CHECK(s.dsp == 16);
  CHECK(s.bram == 0);
  const hw::Cost model = hw::cost(graph, Target::xilinx);
  CHECK(model.dsp == 16);
  CHECK(model.lut == doctest::Approx(static_cast<double>(s.lut)).epsilon(0.6));
}

TEST_CASE("logic cells of ice40 are those that nextpnr-ice40 places, for drawn layers and chains of carries") {
  if (!engine::find_program("yosys") || !engine::find_program("nextpnr-ice40")) {
    MESSAGE("skipped: yosys or nextpnr-ice40 is missing: install the Debian packages yosys and nextpnr-ice40");
    return;
  }
  for (const auto& [k, n, in, out] : {std::array{3, 2, 3, 1}, std::array{6, 5, 2, 1}}) {
    const test::TemporaryFolder folder;
    const hw::LinearShape shape{
        .n = n, .k = k, .input_width = 4, .weight_width = 3, .output_width = 5, .parallelism = {in, out}};
    hw::write_rtl(folder / "rtl", hw::random_layer(shape, 21), {});
    const hw::Synthesis s =
        hw::synthesize(hw::open_rtl(folder / "rtl"), Target::ice40, {.place = hw::PlacementOptions{}});
    const std::optional<std::int64_t> placed = hw::placed_luts(s);
    REQUIRE(placed.has_value());
    INFO(k, " -> ", n, ": ", s.lut, " counted, ", *placed, " placed, ", s.lut_logic, " LUTs");
    CHECK(s.carry > 0);
    CHECK(s.lut > s.lut_logic);
    CHECK(std::abs(static_cast<double>(s.lut - *placed)) <= 0.01 * static_cast<double>(*placed));
  }
}

TEST_CASE("areas weigh carries, memories, shift registers and inverters as their families do") {
  const auto cell = [](const char* type, engine::Json in = {}, engine::Json out = {}) {
    engine::Json object{{"type", type}, {"connections", engine::Json::object()}};
    object["port_directions"] = engine::Json::object();
    if (!in.is_null()) object["connections"]["CIN"] = {in}, object["port_directions"]["CIN"] = "input";
    if (!out.is_null()) object["connections"]["COUT"] = {out}, object["port_directions"]["COUT"] = "output";
    return object;
  };
  const auto area = [](const engine::Json& cells, Target target) {
    return hw::area_of({{"modules", {{"top", {{"ports", engine::Json::object()}, {"cells", cells}}}}}}, "top", target);
  };
  const hw::Area xilinx = area({{"a", cell("LUT3")},
                                {"b", cell("INV")},
                                {"c", cell("SRL16E")},
                                {"d", cell("RAM32M")},
                                {"e", cell("RAM32X1D")},
                                {"f", cell("RAMB36E1")},
                                {"g", cell("FDRE")},
                                {"h", cell("MUXF7")},
                                {"i", cell("CARRY4")}},
                               Target::xilinx);
  CHECK(xilinx.lut == 9);
  CHECK(xilinx.lut_logic == 2);
  CHECK(xilinx.bram == 2);
  CHECK(xilinx.ff == 1);
  CHECK(xilinx.carry == 1);
  // A chain of two and one alone: three cells of two LUTs, two chains with two ends of two, and both constants.
  const hw::Area ecp5 = area({{"a", cell("CCU2C", "0", 2)},
                              {"b", cell("CCU2C", 2, 3)},
                              {"c", cell("CCU2C", "0", 4)},
                              {"d", cell("TRELLIS_DPR16X4")},
                              {"e", cell("PDPW16KD")},
                              {"f", cell("LUT4")}},
                             Target::ecp5);
  CHECK(ecp5.lut == 6 + 8 + 6 + 1 + 2);
  CHECK(ecp5.bram == 1);
}

TEST_CASE("the model multiplies in logic where it is told to, and takes small tables for logic") {
  const hw::LinearShape shape{
      .n = 16, .k = 16, .input_width = 8, .weight_width = 8, .output_width = 8, .parallelism = {4, 4}};
  for (const Target target : {Target::ecp5, Target::xilinx}) {
    CHECK(hw::cost(shape, target).dsp == 16);
    CHECK(hw::cost(shape, target, false).dsp == 0);
    CHECK(hw::cost(shape, target, false).lut > hw::cost(shape, target).lut + 16 * 40);
  }
  const auto gelu = [](int width, std::int64_t lanes) {
    hw::Graph graph{.name = "gelu"};
    const hw::FixedPoint format = test::fixed(width, 4);
    test::push(graph, test::activation_node("act", "gelu", 8, format, format));
    graph.nodes[0].parallelism = {lanes, lanes};
    return graph;
  };
  CHECK(hw::cost(gelu(8, 2), Target::ice40).bram == 0);
  CHECK(hw::cost(gelu(8, 1), Target::ice40).bram == 1);
  CHECK(hw::cost(gelu(8, 2), Target::ecp5).bram == 0);
  CHECK(hw::cost(gelu(9, 2), Target::ecp5).bram == 1);
  CHECK(hw::cost(gelu(9, 2), Target::xilinx).bram == 0);
  CHECK(hw::cost(gelu(10, 2), Target::xilinx).bram == 1);
  CHECK(hw::cost(gelu(8, 2), Target::xilinx).lut == doctest::Approx(62).epsilon(0.2));  // Yosys 0.23: 62, 118
  CHECK(hw::cost(gelu(8, 2), Target::ecp5).lut == doctest::Approx(118).epsilon(0.3));
}

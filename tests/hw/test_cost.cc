// The cost model, its fit, and a real synthesis.
#include <doctest/doctest.h>

#include "engine/base/child.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"
#include "hw/synthesis/sweep.h"
#include "hw/synthesis/synthesize.h"
#include "tests/hw/graphs.h"
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

TEST_CASE("drawn layers are legal, and more lanes cost more and take fewer cycles") {
  const std::vector<hw::LinearShape> shapes = hw::sweep_shapes(50, 1);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const hw::Graph graph = hw::random_layer(shapes[i], i);
    hw::check(graph);
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
  CHECK(contains(error_text([] { hw::parse_target("xc7"); }), "must be ice40, ecp5 or xilinx, got 'xc7'"));
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
  graph.nodes.push_back(test::linear_node(rng, "fc1", 4, 8, format, format));
  graph.nodes.push_back(test::activation_node("act", "relu", 8, format, format));
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

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "hw/modules/module.h"

namespace ingot::hw {

extern const Module kConstantLinearModule, kLinearModule, kReluModule, kLeakyReluModule, kRreluModule, kTableModule;

namespace {

constexpr std::array kModules{&kConstantLinearModule, &kLinearModule, &kReluModule,
                              &kLeakyReluModule,      &kRreluModule,  &kTableModule};

constexpr std::string_view kAdapterSources[] = {"stream_gather.sv", "stream_scatter.sv", "stream_adapter.sv"};

void add_precision(Emission& emission, const std::string& argument, int width, int frac_bits) {
  emission.verilog_parameters.emplace_back(argument + "_PRECISION_0", std::to_string(width));
  emission.verilog_parameters.emplace_back(argument + "_PRECISION_1", std::to_string(frac_bits));
}

}  // namespace

std::span<const Module* const> modules() { return kModules; }

const Module& module_for(const Layer& node) {
  for (const Module* module : kModules) {
    if (module->serves(node)) return *module;
  }
  engine::fail("{}: no module in rtl/ computes it", node.name());
}

bool needs_adapter(const Layer& before, const Layer& node) { return before.parallelism().out != node.parallelism().in; }

std::vector<std::string> rtl_files(const Graph& graph) {
  std::vector<std::string> files;
  const auto add = [&](std::span<const std::string_view> more) {
    for (const std::string_view file : more) {
      if (std::find(files.begin(), files.end(), file) == files.end()) files.emplace_back(file);
    }
  };
  const std::vector<Layer> all = layers(graph);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0 && needs_adapter(all[i - 1], all[i])) add(kAdapterSources);
    add(module_for(all[i]).sources);
  }
  return files;
}

void add_argument(Emission& emission, const std::string& argument, int width, int frac_bits,
                  std::array<std::int64_t, 2> size, std::array<std::int64_t, 2> lanes) {
  add_precision(emission, argument, width, frac_bits);
  for (const std::size_t i : {0u, 1u})
    emission.verilog_parameters.emplace_back(fmt::format("{}_TENSOR_SIZE_DIM_{}", argument, i),
                                             std::to_string(size[i]));
  for (const std::size_t i : {0u, 1u})
    emission.verilog_parameters.emplace_back(fmt::format("{}_PARALLELISM_DIM_{}", argument, i),
                                             std::to_string(lanes[i]));
}

void add_streams(Emission& emission, const Layer& node) {
  const std::int64_t lanes = node.parallelism().in;
  add_argument(emission, "DATA_IN_0", node.input().width, node.input().frac_bits, {node.n_in(), 1}, {lanes, 1});
  add_argument(emission, "DATA_OUT_0", node.output().width, node.output().frac_bits, {node.n_out(), 1}, {lanes, 1});
}

std::string verilog_rounding(engine::Rounding rounding) {
  return std::to_string(static_cast<int>(rounding));  // in the order of the enumeration
}

}  // namespace ingot::hw

// How layers become instances of the modules in rtl/: one row a module. A new one is rtl/NAME.sv, its file here and its
// line in list.cc.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hw/graph/graph.h"
#include "hw/modules/image.h"

namespace ingot::hw {

using Settings = std::vector<std::pair<std::string, std::string>>;  // name, value

struct Instance {
  std::string module, name;
  Settings parameters, ports;
  std::string image{};  // of the file that it reads; empty if it reads none
};

// A parameter that a layer reads from a ROM.
struct StoredParameter {
  std::string name;  // weight, bias, align, table
  Image image;
  bool in_block_ram = false;
  bool is_transposed = false;  // against [out, in]: never, images lie in the order of their use
};

// What a layer is in Verilog, without its streams.
struct Emission {
  Settings verilog_parameters;  // with the reference's names, without the layer's: DATA_IN_0_PRECISION_0
  std::vector<StoredParameter> stored;
  std::vector<std::string> wires;  // declarations
  std::vector<Instance>
      instances;  // the layer's own is the first one, to which clock and streams are still to be added
};

struct Module {
  std::string_view name;                      // rtl/NAME.sv
  std::span<const std::string_view> sources;  // files of rtl/ that it needs, a module before those that use it
  bool has_clock;
  bool (*serves)(const Node& node);
  Emission (*emit)(const Node& node);
};

// One row a module; a node is served by the first one that can.
std::span<const Module* const> modules();

// Throws Error naming the layer, why no module can compute it and what can be done instead.
const Module& module_for(const Node& node);

// Whether the stream between two layers must be cut into other beats, by rtl/stream_adapter.sv.
bool needs_adapter(const Node& before, const Node& node);

// The files of rtl/ that a graph's hardware consists of, adapters included; a module comes before those that use it.
std::vector<std::string> rtl_files(const Graph& graph);

// What several modules need: ARGUMENT_PRECISION_i (bits, fraction bits), ARGUMENT_TENSOR_SIZE_DIM_i and
// ARGUMENT_PARALLELISM_DIM_i, dimension 0 being the innermost.
void add_argument(Emission& emission, const std::string& argument, int width, int frac_bits,
                  std::array<std::int64_t, 2> size, std::array<std::int64_t, 2> lanes);
void add_streams(Emission& emission, const Node& node);   // DATA_IN_0 and DATA_OUT_0 of an activation
std::string verilog_rounding(engine::Rounding rounding);  // as rtl/requantize.sv numbers them

}  // namespace ingot::hw

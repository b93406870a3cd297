// How a layer becomes instances of the modules in rtl/. Each module that computes a layer has one row, a Module. To add
// one: rtl/NAME.sv, a file here with its row, and a line in list.cc.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hw/graph.h"
#include "hw/modules/cost.h"
#include "hw/modules/image.h"

namespace ingot::hw {

using Settings = std::vector<std::pair<std::string, std::string>>;  // name, value

// An instance of a module in Verilog.
struct Instance {
  std::string module, name;
  Settings parameters, ports;
  std::string image{};  // Image::name of the file that it reads; empty if it reads none
};

// Where synthesis puts a ROM. `by_size`: logic or block RAM, as is_logic_table says for the family.
enum class Storage { logic, block_ram, by_size };

// A parameter that a layer reads from a ROM.
struct StoredParameter {
  std::string name;  // weight, bias, align, table
  Image image;
  Storage storage = Storage::logic;
  bool is_transposed = false;  // against [out, in]; always false, images are stored in the order of their use
};

// A layer in Verilog, without clock, reset and streams: emit/top.cc connects these.
struct Emission {
  Settings verilog_parameters;  // with the names of MASE, without the layer's name: DATA_IN_0_PRECISION_0
  std::vector<StoredParameter> stored;
  std::vector<std::string> wires;   // declarations, and what is assigned to them
  std::vector<Instance> instances;  // the first one computes the layer; the others are its ROMs
};

struct Module {
  std::string_view name;                      // rtl/NAME.sv
  std::span<const std::string_view> sources;  // files of rtl/ that it needs; a module comes before those that use it
  bool has_clock;                             // has ports clk_i and rst_i
  // True: each output reads every input, so that the lanes of both sides are free, there is a multiplier for each pair
  // of them (none in a Linear of adders), and a vector takes (n_in / in) (n_out / out) cycles. False: element by
  // element, with as many lanes out as in.
  bool is_matrix = false;
  bool (*serves)(const Layer& node);    // true if the module computes the layer
  Emission (*emit)(const Layer& node);  // for a node that it serves, with its parallelism chosen
  // The estimate of its area, by syntheses; cycles are left out. `dsp` false: products are built of logic.
  Cost (*cost)(const Layer& node, Target target, bool dsp);
};

// All rows. The first one that serves a node computes it.
std::span<const Module* const> modules();

// The row that computes the node. Throws Error naming the layer if there is none.
const Module& module_for(const Layer& node);

// Whether the stream between two layers must be cut into other beats, by rtl/stream_adapter.sv.
bool needs_adapter(const Layer& before, const Layer& node);

// The files of rtl/ that a graph's hardware consists of, adapters included; a module comes before those that use it.
std::vector<std::string> rtl_files(const Graph& graph);

// Adds the Verilog parameters of one argument: ARGUMENT_PRECISION_i (bits, fraction bits), ARGUMENT_TENSOR_SIZE_DIM_i
// and ARGUMENT_PARALLELISM_DIM_i. Dimension 0 is the innermost.
void add_argument(Emission& emission, const std::string& argument, int width, int frac_bits,
                  std::array<std::int64_t, 2> size, std::array<std::int64_t, 2> lanes);

// Adds those of DATA_IN_0 and DATA_OUT_0 of an activation.
void add_streams(Emission& emission, const Layer& node);

// The number of a rounding in rtl/requantize.sv.
std::string verilog_rounding(engine::Rounding rounding);

}  // namespace ingot::hw

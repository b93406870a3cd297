// A plan says how the tensors of a model are quantised: formats by pattern of layer name and by role; of two entries
// for the same tensor the later one holds. In TOML or JSON:
//
//   [[layers]]                            # Linear layers
//   name = "*"                            # glob: * any text, ? one character, [ab] one of these
//   input = "fixed(8,calibrated)"         # fraction bits chosen from data
//   weight = "fixed(4,calibrated)"
//   bias = "fixed(8,half)"                # half of the width: fixed(8,4)
//   # or, of a bias, "fixed(24,sums)": the fraction bits of the sums of products that it is added to, by channel
//   per = "channel"                       # calibrated weights: fraction bits by output channel;
//                                         # "tensor" (default): the same for all
//   [[layers]]
//   name = "classifier"
//   weight = "float32"                    # not quantised
//   [[embeddings]]                        # embedding tables: weight alone
//   name = "*word*"
//   weight = "minifloat(8,e4)"            # or "minifloat(8,e4,calibrated)": the exponent bias chosen from data
//   [[norms]]                             # layer norms: weight (gamma), bias (beta) and output
//   name = "*"
//   output = "fixed(8,calibrated)"
//   root = "table"                        # in integers by a table of inverse roots; "exact" (default)
//   [[softmaxes]]                         # bert.encoder.layer.N.attention.self.softmax: scores in, exponentials out
//   name = "*"
//   input = "fixed(12,4)"
//   output = "ufixed(16,16)"
//   table = "line"                        # exponentials 2^-n (1 - f/2); "exact" (default)
//   # in any of them
//   mode = "standard"                     # or "mase"
//   clip = true                           # straight-through gradient 0 outside of the range
#pragma once

#include <filesystem>

#include "compress/compression.h"

namespace ingot::compress {

// What is asked for one tensor.
struct QuantizerRequest {
  std::optional<Quantizer> quantizer;  // none: float32
  bool is_calibrated = false;          // the scale bits are to be chosen
  bool per_channel = false;            // for each row of a weight
  bool is_of_sums = false;             // of a bias: the fraction bits of what it is added to
};

// None: as it is.
struct LayerRequest {
  std::array<std::optional<QuantizerRequest>, kRoles.size()> tensors{};  // by Role
  std::optional<bool> is_cheap{};

  std::optional<QuantizerRequest>& operator[](Role role) { return tensors[static_cast<std::size_t>(role)]; }
  const std::optional<QuantizerRequest>& operator[](Role role) const { return tensors[static_cast<std::size_t>(role)]; }
};

// What an entry is about.
enum class PlanPart { layers, embeddings, norms, softmaxes };

struct PlanEntry {
  std::string pattern;
  PlanPart part = PlanPart::layers;
  LayerRequest requests;
};
using Plan = std::vector<PlanEntry>;

// "fixed(8,calibrated)", "fixed(8,half)", "fixed(24,sums)", "minifloat(8,e4,calibrated)", "float32" or a format. Throws
// Error as parse_format does.
QuantizerRequest parse_request(std::string_view text);

// A .json file, or TOML. Throws Error naming file, entry, rule and value.
Plan read_plan(const std::filesystem::path& path);

// What the plan asks of each layer that it names. Throws Error for a pattern that matches no layer.
std::map<std::string, LayerRequest> requests_by_layer(bert::Model& model, const Plan& plan);

// Whether a glob pattern matches.
bool matches(const std::string& pattern, const std::string& name);

}  // namespace ingot::compress

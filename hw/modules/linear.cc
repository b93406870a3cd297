// rtl/linear.sv: matrix, bias and requantisation, weights in ROMs in the order of their use.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>

#include "hw/modules/linear_cost.h"
#include "hw/modules/linear_parts.h"

namespace ingot::hw {

extern const Module kLinearModule;

namespace {

constexpr std::string_view kSources[] = {"requantize.sv",     "adder_tree.sv", "rom_small.sv", "rom_block.sv",
                                         "double_product.sv", "split_ram.sv",  "linear.sv"};

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

int address_width(std::int64_t depth) { return depth > 1 ? std::bit_width(static_cast<std::uint64_t>(depth - 1)) : 1; }

int align_width(const Shifts& shifts) { return std::bit_width(static_cast<unsigned>(shifts.highest - shifts.lowest)); }

// Address ko (IN / PI) + ki holds w[ko PO + o][ki PI + i], i running first.
Image weight_image(const Layer& node) {
  const compress::Linear& linear = *node.as<compress::Linear>();
  const auto [in, out] = node.parallelism();
  Image image{.name = node.name() + "_weight"};
  for (std::int64_t ko = 0; ko < linear.n / out; ++ko) {
    for (std::int64_t ki = 0; ki < linear.k / in; ++ki) {
      Word word;
      for (std::int64_t o = 0; o < out; ++o) {
        for (std::int64_t i = 0; i < in; ++i)
          word.append(linear.weights[static_cast<std::size_t>((ko * out + o) * linear.k + ki * in + i)],
                      linear.weight_width);
      }
      image.words.push_back(std::move(word));
    }
  }
  return image;
}

// A number of each output, PO a word.
template <class Value>
Image output_image(const Layer& node, const std::string& name, int width, const Value& value) {
  Image image{.name = node.name() + "_" + name};
  for (std::int64_t ko = 0; ko < node.n_out() / node.parallelism().out; ++ko) {
    Word word;
    for (std::int64_t o = 0; o < node.parallelism().out; ++o)
      word.append(value(ko * node.parallelism().out + o), width);
    image.words.push_back(std::move(word));
  }
  return image;
}

// A ROM on the wires PREFIX_address, PREFIX_data that the layer reads, with the enable of that name.
void add_rom(Emission& emission, const Layer& node, const std::string& name, const std::string& enable, Image image) {
  const std::string wire = node.name() + "_" + name, address = wire + "_address";
  const std::int64_t depth = image.depth(), width = image.width();
  emission.wires.push_back(fmt::format("wire [{}:0] {};", address_width(depth) - 1, address));
  emission.wires.push_back(fmt::format("wire [{}:0] {};", width - 1, wire));
  const bool small = image.is_small();
  Instance rom{
      .module = small ? "rom_small" : "rom_block",
      .name = wire + "_source",
      .parameters = {{"WIDTH", std::to_string(width)}, {"DEPTH", std::to_string(depth)}},
      .ports = {{"clk_i", "clk"}, {"enable_i", node.name() + "_" + enable}, {"address_i", address}, {"data_o", wire}}};
  if (small) {
    Word all;
    for (const Word& word : image.words) all.append(word);
    rom.parameters.emplace_back("IMAGE", fmt::format("{}'h{}", all.width(), all.hex()));
  } else {
    rom.image = image.name;
    rom.parameters.emplace_back("LATENCY", "2");
    emission.instances[0].parameters.emplace_back(upper_case(name) + "_LATENCY", "2");
  }
  emission.instances.push_back(std::move(rom));
  emission.instances[0].ports.emplace_back(name + "_address_o", address);
  emission.instances[0].ports.emplace_back(name + "_i", wire);
  emission.stored.push_back({name, std::move(image), small ? Storage::logic : Storage::block_ram});
}

Emission emit(const Layer& node) {
  const compress::Linear& linear = *node.as<compress::Linear>();
  const int bias_bits = bias_width(linear);
  const Shifts shifts = shifts_of(node);
  Emission emission;
  add_linear_parameters(emission, node);
  const auto of = [&](const char* parameter) { return node.name() + "_" + parameter; };
  Instance layer{
      .module = "linear",
      .name = node.name() + "_inst",
      .parameters = {{"IN", of("DATA_IN_0_TENSOR_SIZE_DIM_0")},
                     {"OUT", of("DATA_OUT_0_TENSOR_SIZE_DIM_0")},
                     {"PI", of("DATA_IN_0_PARALLELISM_DIM_0")},
                     {"PO", of("DATA_OUT_0_PARALLELISM_DIM_0")},
                     {"IN_WIDTH", of("DATA_IN_0_PRECISION_0")},
                     {"IN_SIGNED", node.input().is_signed ? "1" : "0"},
                     {"WEIGHT_WIDTH", of("WEIGHT_PRECISION_0")},
                     {"BIAS_WIDTH", of("BIAS_PRECISION_0")},
                     {"ALIGN_WIDTH", std::to_string(align_width(shifts))},
                     {"OUT_WIDTH", of("DATA_OUT_0_PRECISION_0")},
                     {"OUT_SIGNED", node.output().is_signed ? "1" : "0"},
                     {"SHIFT", std::to_string(shifts.highest)},
                     {"ROUNDING", verilog_rounding(*node.output().rounding)},
                     {"SUM_WIDTH", std::to_string(std::max(compress::signed_bits(sum_bound(node)), bias_bits))}}};
  if (keeps_input_in_block_ram(linear.k / node.parallelism().in)) layer.parameters.emplace_back("IN_LATENCY", "2");
  if (linear.products == compress::Products::shared_multipliers)
    layer.parameters.emplace_back("SHARES_MULTIPLIERS", "1");
  layer.ports = {{"rom_enable_o", node.name() + "_rom_enable"}, {"weight_enable_o", node.name() + "_weight_enable"}};
  emission.wires = {fmt::format("wire {0}_rom_enable, {0}_weight_enable;", node.name())};
  emission.instances = {std::move(layer)};
  add_rom(emission, node, "weight", "weight_enable", weight_image(node));
  add_rom(emission, node, "bias", "rom_enable", output_image(node, "bias", bias_bits, [&](std::int64_t j) {
            return linear.bias[static_cast<std::size_t>(j)];
          }));
  if (const int width = align_width(shifts); width > 0) {
    add_rom(emission, node, "align", "rom_enable",
            output_image(node, "align", width, [&](std::int64_t j) { return shifts.highest - shift(node, j); }));
  } else {
    const std::string unused = node.name() + "_unused_align_address";
    emission.wires.push_back(
        fmt::format("wire [{}:0] {};", address_width(node.n_out() / node.parallelism().out) - 1, unused));
    emission.instances[0].ports.emplace_back("align_address_o", unused);
    emission.instances[0].ports.emplace_back("align_i", "1'b0");
  }
  return emission;
}

}  // namespace

const Module kLinearModule{
    .name = "linear",
    .sources = kSources,
    .has_clock = true,
    .is_matrix = true,
    .serves = [](const Layer& node) { return node.as<compress::Linear>() != nullptr; },
    .emit = emit,
    .cost = [](const Layer& node, Target target, bool dsp) { return cost(shape_of(node), target, dsp); }};

}  // namespace ingot::hw

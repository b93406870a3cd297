#include "hw/synthesis/area_by_layer.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace ingot::hw {
namespace {

using engine::Json;

constexpr int kNone = -1;  // in place of a layer's number

// The layer that a signal's name begins with, also behind the prefixes that Yosys gives ("$abc$1$flatten\\fc1_inst.x").
int layer_of(std::string_view name, const std::vector<std::string>& layers) {
  name.remove_prefix(name.rfind('\\') + 1);  // npos + 1 is 0
  int found = kNone;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string& layer = layers[i];
    const bool fits = name.size() > layer.size() && name.starts_with(layer) &&
                      (name[layer.size()] == '_' || name[layer.size()] == '.');
    if (fits && (found == kNone || layer.size() > layers[static_cast<std::size_t>(found)].size()))
      found = static_cast<int>(i);
  }
  return found;
}

struct Cell {
  Area area;
  std::vector<std::int64_t> inputs, outputs;  // bits
  int layer = kNone;
};

class DividedNetlist {
 public:
  DividedNetlist(const Json& module, const std::vector<std::string>& layers) : n_layers_(layers.size()) {
    // Of a signal that two layers name, the one before gives it; streams are named by both.
    std::unordered_map<std::int64_t, int> named;
    for (const auto& [name, net] : module.at("netnames").items()) {
      const int layer = layer_of(name, layers);
      for (const Json& bit : net.at("bits")) {
        if (layer == kNone || !bit.is_number()) continue;
        const auto [at, is_new] = named.try_emplace(bit.get<std::int64_t>(), layer);
        at->second = std::min(at->second, layer);
      }
    }
    for (const auto& [name, json] : module.at("cells").items()) cells_.push_back(cell_of(json));
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      for (const std::int64_t bit : cells_[i].inputs) readers_[bit].push_back(i);
      for (const std::int64_t bit : cells_[i].outputs) {
        drivers_[bit].push_back(i);
        if (const auto at = named.find(bit); at != named.end())
          cells_[i].layer = cells_[i].layer == kNone ? at->second : std::min(cells_[i].layer, at->second);
      }
    }
    spread(&Cell::outputs, readers_);
    spread(&Cell::inputs, drivers_);
  }

  const std::vector<Cell>& cells() const { return cells_; }

 private:
  using Bits = std::vector<std::int64_t> Cell::*;
  using Neighbours = std::unordered_map<std::int64_t, std::vector<std::size_t>>;

  static Cell cell_of(const Json& json) {
    Cell cell{.area = area_of_cell(json.at("type").get<std::string>()), .inputs = {}, .outputs = {}};
    for (const auto& [port, bits] : json.at("connections").items()) {
      auto& side = json.at("port_directions").at(port) == "output" ? cell.outputs : cell.inputs;
      for (const Json& bit : bits) {
        if (bit.is_number()) side.push_back(bit.get<std::int64_t>());
      }
    }
    return cell;
  }

  // Gives cells without a layer that of most of their neighbours, as long as there is one.
  void spread(Bits bits, const Neighbours& neighbours) {
    for (bool moved = true; moved;) {
      std::vector<std::pair<std::size_t, int>> found;  // all by what was known before
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (cells_[i].layer != kNone) continue;
        if (const int layer = most_common(cells_[i].*bits, neighbours); layer != kNone) found.emplace_back(i, layer);
      }
      for (const auto& [i, layer] : found) cells_[i].layer = layer;
      moved = !found.empty();
    }
  }

  int most_common(const std::vector<std::int64_t>& bits, const Neighbours& neighbours) const {
    std::vector<int> counts(n_layers_);
    for (const std::int64_t bit : bits) {
      const auto found = neighbours.find(bit);
      if (found == neighbours.end()) continue;
      for (const std::size_t i : found->second) {
        if (cells_[i].layer != kNone) ++counts[static_cast<std::size_t>(cells_[i].layer)];
      }
    }
    const auto most = std::max_element(counts.begin(), counts.end());
    return most == counts.end() || *most == 0 ? kNone : static_cast<int>(most - counts.begin());
  }

  std::size_t n_layers_;
  std::vector<Cell> cells_;
  Neighbours readers_, drivers_;
};

}  // namespace

std::vector<LayerArea> area_by_layer(const Json& netlist, const std::string& top,
                                     const std::vector<std::string>& layers, const Area& whole) {
  const DividedNetlist divided(netlist.at("modules").at(top), layers);
  std::vector<LayerArea> areas;
  for (const std::string& layer : layers) areas.push_back({{}, layer});
  Area sum;
  for (const Cell& cell : divided.cells()) {
    if (cell.layer == kNone) continue;
    areas[static_cast<std::size_t>(cell.layer)] += cell.area;
    sum += cell.area;
  }
  LayerArea rest;
  bool has_rest = false;
  for (const auto column : {&Area::lut, &Area::ff, &Area::dsp, &Area::bram, &Area::carry, &Area::lut_logic}) {
    rest.*column = whole.*column - sum.*column;
    has_rest = has_rest || rest.*column > 0;
  }
  if (has_rest) areas.push_back(rest);
  return areas;
}

}  // namespace ingot::hw

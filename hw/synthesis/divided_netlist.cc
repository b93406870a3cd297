#include "hw/synthesis/divided_netlist.h"

#include <algorithm>
#include <unordered_map>

namespace ingot::hw {
namespace {

using engine::Json;

struct Cell {
  Area area;
  std::vector<std::int64_t> inputs, outputs;  // bits
  std::optional<Claim> claim;
};

void take_lower(std::optional<Claim>& kept, const Claim& other) {
  if (!kept || other.rank < kept->rank) kept = other;
}

class DividedNetlist {
 public:
  DividedNetlist(const Json& module, std::size_t n_groups, const Claims& claims) : n_groups_(n_groups) {
    std::unordered_map<std::int64_t, std::optional<Claim>> named;
    for (const auto& [name, net] : module.at("netnames").items()) {
      for (const Json& json : net.at("bits")) {
        if (!json.is_number()) continue;
        const auto bit = json.get<std::int64_t>();
        if (const std::optional<Claim> claim = claims(plain_name(name), bit)) take_lower(named[bit], *claim);
      }
    }
    for (const auto& [name, json] : module.at("cells").items()) cells_.push_back(cell_of(json));
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      for (const std::int64_t bit : cells_[i].inputs) readers_[bit].push_back(i);
      for (const std::int64_t bit : cells_[i].outputs) {
        drivers_[bit].push_back(i);
        if (const auto at = named.find(bit); at != named.end()) take_lower(cells_[i].claim, *at->second);
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
    Cell cell{.area = area_of_cell(json.at("type").get<std::string>()), .inputs = {}, .outputs = {}, .claim = {}};
    for (const auto& [port, bits] : json.at("connections").items()) {
      auto& side = json.at("port_directions").at(port) == "output" ? cell.outputs : cell.inputs;
      for (const Json& bit : bits) {
        if (bit.is_number()) side.push_back(bit.get<std::int64_t>());
      }
    }
    return cell;
  }

  // Gives cells without a group that of most of their neighbours, as long as there is one.
  void spread(Bits bits, const Neighbours& neighbours) {
    for (bool moved = true; moved;) {
      std::vector<std::pair<std::size_t, std::size_t>> found;  // all by what was known before
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (cells_[i].claim) continue;
        if (const auto group = most_common(cells_[i].*bits, neighbours)) found.emplace_back(i, *group);
      }
      for (const auto& [i, group] : found) cells_[i].claim = Claim{group, 0};
      moved = !found.empty();
    }
  }

  std::optional<std::size_t> most_common(const std::vector<std::int64_t>& bits, const Neighbours& neighbours) const {
    std::vector<int> counts(n_groups_);
    for (const std::int64_t bit : bits) {
      const auto found = neighbours.find(bit);
      if (found == neighbours.end()) continue;
      for (const std::size_t i : found->second) {
        if (cells_[i].claim) ++counts[cells_[i].claim->group];
      }
    }
    const auto most = std::max_element(counts.begin(), counts.end());
    if (most == counts.end() || *most == 0) return std::nullopt;
    return static_cast<std::size_t>(most - counts.begin());
  }

  std::size_t n_groups_;
  std::vector<Cell> cells_;
  Neighbours readers_, drivers_;
};

}  // namespace

std::string_view plain_name(std::string_view name) {
  name.remove_prefix(name.rfind('\\') + 1);  // npos + 1 is 0
  return name;
}

std::vector<Area> divide(const Json& netlist, const std::string& top, std::size_t n_groups, const Claims& claims) {
  std::vector<Area> areas(n_groups);
  const DividedNetlist divided(netlist.at("modules").at(top), n_groups, claims);
  for (const Cell& cell : divided.cells()) {
    if (cell.claim) areas[cell.claim->group] += cell.area;
  }
  return areas;
}

std::optional<Area> rest_of(const Area& whole, const std::vector<Area>& parts) {
  Area sum, rest;
  for (const Area& part : parts) sum += part;
  bool has_rest = false;
  for (const auto column : {&Area::lut, &Area::ff, &Area::dsp, &Area::bram, &Area::carry, &Area::lut_logic}) {
    rest.*column = whole.*column - sum.*column;
    has_rest = has_rest || rest.*column > 0;
  }
  if (!has_rest) return std::nullopt;
  return rest;
}

}  // namespace ingot::hw

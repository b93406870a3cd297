#include "hw/synthesis/area.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/io/json.h"

namespace ingot::hw {
namespace {

using engine::Json;

constexpr std::int64_t kConstants = 2;  // cells that both nextpnr make drivers of 0 and 1 of

// Who reads what: bits of a flat netlist are numbers, constants are texts.
struct Pin {
  const std::string* cell;  // null: an output of the module
  std::string port;
};

class Netlist {
 public:
  explicit Netlist(const Json& module) : cells_(module.at("cells")) {
    for (const auto& [name, cell] : cells_.items()) {
      names_.push_back(name);
      kinds_[name] = cell.at("type").get<std::string>();
    }
    for (const std::string& name : names_) {
      const Json& cell = cells_[name];
      for (const auto& [port, bits] : cell.at("connections").items()) {
        if (cell.at("port_directions").at(port) != "input") continue;
        for (const Json& bit : bits) {
          if (bit.is_number()) readers_[bit.get<std::int64_t>()].push_back({&name, port});
        }
      }
    }
    for (const auto& [name, port] : module.at("ports").items()) {
      if (port.at("direction") != "output") continue;
      for (const Json& bit : port.at("bits")) {
        if (bit.is_number()) readers_[bit.get<std::int64_t>()].push_back({nullptr, name});
      }
    }
  }

  const std::vector<std::string>& names() const { return names_; }
  const std::string& kind(const std::string& cell) const { return kinds_.at(cell); }
  bool is(const Pin& pin, const std::string& kind, const std::string& port) const {
    return pin.cell != nullptr && pin.port == port && kinds_.at(*pin.cell) == kind;
  }

  // What a port of one bit is connected with; null if with nothing.
  Json bit(const std::string& cell, const std::string& port) const {
    const Json& connections = cells_.at(cell).at("connections");
    return connections.contains(port) && !connections[port].empty() ? connections[port][0] : Json();
  }
  const std::vector<Pin>& readers(const Json& bit) const {
    static const std::vector<Pin> kNone;
    const auto found = bit.is_number() ? readers_.find(bit.get<std::int64_t>()) : readers_.end();
    return found == readers_.end() ? kNone : found->second;
  }

  std::vector<std::string> of_kind(const std::string& kind) const {
    std::vector<std::string> all;
    for (const std::string& name : names_) {
      if (kinds_.at(name) == kind) all.push_back(name);
    }
    return all;
  }

 private:
  const Json& cells_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> kinds_;
  std::unordered_map<std::int64_t, std::vector<Pin>> readers_;
};

struct Weight {
  const char* prefix;  // of a kind of cell; the first row that fits counts
  std::int64_t Area::*column;
  std::int64_t n;
};

constexpr Weight kWeights[] = {
    {"LUT", &Area::lut_logic, 1},    {"SB_LUT4", &Area::lut_logic, 1},
    {"INV", &Area::lut_logic, 1},    {"FD", &Area::ff, 1},
    {"SB_DFF", &Area::ff, 1},        {"TRELLIS_FF", &Area::ff, 1},
    {"DSP48E1", &Area::dsp, 1},      {"MULT18X18D", &Area::dsp, 1},
    {"SB_MAC16", &Area::dsp, 1},     {"RAMB18E1", &Area::bram, 1},
    {"RAMB36E1", &Area::bram, 2},    {"DP16KD", &Area::bram, 1},
    {"SB_RAM40_4K", &Area::bram, 1}, {"CARRY4", &Area::carry, 1},
    {"CCU2C", &Area::carry, 1},      {"SB_CARRY", &Area::carry, 1},
    {"RAM32M", &Area::lut, 4},       {"RAM64M", &Area::lut, 4},
    {"RAM32X1D", &Area::lut, 2},     {"RAM64X1D", &Area::lut, 2},
    {"RAM128X1D", &Area::lut, 4},    {"RAM32X1S", &Area::lut, 1},
    {"RAM64X1S", &Area::lut, 1},     {"RAM128X1S", &Area::lut, 2},
    {"RAM256X1S", &Area::lut, 4},    {"PDPW16KD", &Area::bram, 1},
    {"SRL", &Area::lut, 1},          {"TRELLIS_DPR16X4", &Area::lut, 6},
};

// nextpnr-ecp5: both halves of a CCU2C are LUTs; a cell goes before the first one of a chain, to bring its carry in,
// and one after the last.
std::int64_t ecp5_carry_luts(const Netlist& netlist) {
  const std::vector<std::string> carries = netlist.of_kind("CCU2C");
  std::set<std::int64_t> carried;
  for (const std::string& carry : carries) {
    if (const Json out = netlist.bit(carry, "COUT"); out.is_number()) carried.insert(out.get<std::int64_t>());
  }
  const auto n_chains = std::count_if(carries.begin(), carries.end(), [&](const std::string& carry) {
    const Json in = netlist.bit(carry, "CIN");
    return !in.is_number() || !carried.contains(in.get<std::int64_t>());
  });
  return 2 * static_cast<std::int64_t>(carries.size()) + 4 * static_cast<std::int64_t>(n_chains);
}

// The LUT that shares a carry's cell, as nextpnr-ice40 looks for it: with the carry's inputs at I1 and I2, and the
// chain's carry at I3 unless the chain begins here.
const std::string* lut_of_carry(const Netlist& netlist, const std::string& carry, bool begins,
                                const std::set<std::string>& taken) {
  const Json first = netlist.bit(carry, "I0"), second = netlist.bit(carry, "I1"), in = netlist.bit(carry, "CI");
  for (const Pin& pin : netlist.readers(begins ? first : in)) {
    if (!netlist.is(pin, "SB_LUT4", begins ? "I1" : "I3") || taken.contains(*pin.cell)) continue;
    if (netlist.bit(*pin.cell, "I1") == first && netlist.bit(*pin.cell, "I2") == second) return pin.cell;
  }
  return nullptr;
}

// Flip-flops and carries of ice40 that find no LUT to share a cell with, and cells that bring a signal into a chain.
std::int64_t ice40_lone_cells(const Netlist& netlist, std::int64_t n_ff) {
  std::int64_t lone = n_ff;
  for (const std::string& lut : netlist.of_kind("SB_LUT4")) {
    const std::vector<Pin>& readers = netlist.readers(netlist.bit(lut, "O"));
    const bool feeds_ff = readers.size() == 1 && readers[0].cell != nullptr && readers[0].port == "D" &&
                          netlist.kind(*readers[0].cell).starts_with("SB_DFF");
    if (feeds_ff) --lone;
  }
  const std::vector<std::string> carries = netlist.of_kind("SB_CARRY");
  std::set<std::int64_t> carried;
  for (const std::string& carry : carries) {
    if (const Json out = netlist.bit(carry, "CO"); out.is_number()) carried.insert(out.get<std::int64_t>());
  }
  std::set<std::string> taken;
  for (const std::string& carry : carries) {
    const Json in = netlist.bit(carry, "CI");
    const bool begins = !in.is_number() || !carried.contains(in.get<std::int64_t>());
    if (const std::string* lut = lut_of_carry(netlist, carry, begins, taken))
      taken.insert(*lut);
    else
      ++lone;
    if (begins && in.is_number()) ++lone;
  }
  return lone;
}

}  // namespace

const char* lut_title(Target target) {
  constexpr const char* kTitles[kFamilies] = {"lut (logic cells)", "lut (LUT4 incl. carry and LUT RAM)",
                                              "lut (LUT6 incl. LUT RAM, shift registers, inverters)"};
  return kTitles[static_cast<std::size_t>(family(target))];
}

Area area_of_cell(std::string_view kind) {
  Area area;
  const auto* const weight = std::find_if(std::begin(kWeights), std::end(kWeights),
                                          [&](const Weight& row) { return kind.starts_with(row.prefix); });
  if (weight != std::end(kWeights)) area.*weight->column += weight->n;
  area.lut += area.lut_logic;
  return area;
}

Area area_of(const Json& netlist, const std::string& top, Target target) {
  const Netlist cells(netlist.at("modules").at(top));
  Area area;
  for (const std::string& name : cells.names()) area += area_of_cell(cells.kind(name));
  if (family(target) == Family::ecp5) area.lut += ecp5_carry_luts(cells) + kConstants;
  if (family(target) == Family::ice40) area.lut += ice40_lone_cells(cells, area.ff) + kConstants;
  return area;
}

Area& Area::operator+=(const Area& other) {
  for (const auto column : {&Area::lut, &Area::ff, &Area::dsp, &Area::bram, &Area::carry, &Area::lut_logic})
    this->*column += other.*column;
  return *this;
}

}  // namespace ingot::hw

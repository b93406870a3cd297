// How a flat netlist's area is divided among groups of signals. Synthesis flattens a design and optimises across its
// modules, so a cell belongs to none by itself. Signals keep their names, though: a cell counts for the group whose
// signal it drives. One that drives signals without a group counts for that of most cells that read it, or else for
// that of most of those that it reads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/io/json.h"
#include "hw/synthesis/area.h"

namespace ingot::hw {

struct Claim {
  std::size_t group;
  int rank;  // of two names of a signal, and of two signals of a cell, the one of the lower rank counts
};

// The group of a bit, by the name of a signal that it belongs to.
using Claims = std::function<std::optional<Claim>(std::string_view signal, std::int64_t bit)>;

// The area of each of `n_groups` groups of the module `top` in a netlist that Yosys wrote with write_json.
std::vector<Area> divide(const engine::Json& netlist, const std::string& top, std::size_t n_groups,
                         const Claims& claims);

// What `parts` have less than `whole`; empty if nothing.
std::optional<Area> rest_of(const Area& whole, const std::vector<Area>& parts);

// A signal's name without the prefixes that Yosys gives ("$abc$1$flatten\\fc1_inst.x").
std::string_view plain_name(std::string_view name);

}  // namespace ingot::hw

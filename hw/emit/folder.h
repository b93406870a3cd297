// An emitted folder, as manifest.h describes it.
#pragma once

#include <filesystem>
#include <optional>

#include "hw/manifest.h"

namespace ingot::hw {

// Throws Error if something is at `folder` that is neither an empty folder nor one that write_rtl wrote.
void check_replaceable(const std::filesystem::path& folder);

// Writes the graph, whose parallelism is chosen, as Verilog: the same bytes for the same graph. All of it appears at
// once, in place of what an earlier call wrote. Throws Error as check() and write_top do.
Manifest write_rtl(const std::filesystem::path& folder, const Graph& graph, const std::optional<Vectors>& vectors);

}  // namespace ingot::hw

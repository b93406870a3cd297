// An emitted folder, as manifest.h describes it.
#pragma once

#include <filesystem>
#include <optional>

#include "hw/emit/manifest.h"
#include "hw/emit/top.h"

namespace ingot::hw {

// Throws Error if something is at `folder` that is neither an empty folder nor one that write_rtl wrote.
void check_replaceable(const std::filesystem::path& folder);

// Writes the graph, whose parallelism is chosen, as Verilog: the same bytes for the same graph and name. All of it
// appears at once, in place of what an earlier call wrote. Throws Error as write_top does.
Manifest write_rtl(const std::filesystem::path& folder, const Graph& graph, const std::optional<Vectors>& vectors,
                   const std::string& name = kTopName);

// open_rtl of a folder that may be a stranger's: throws Error unless its Verilog is, byte by byte, what write_rtl makes
// of its graph. Simulators run what they are given, and a checksum says only that a folder is whole.
EmittedRtl open_emitted(const std::filesystem::path& folder);

}  // namespace ingot::hw

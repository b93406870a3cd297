// Writes and opens emitted folders; manifest.h describes their contents.
#pragma once

#include <filesystem>
#include <optional>

#include "hw/emit/manifest.h"
#include "hw/emit/top.h"

namespace ingot::hw {

// Throws Error unless nothing is at `folder`, or an empty folder, or one that write_rtl wrote.
void check_replaceable(const std::filesystem::path& folder);

// Writes the graph as Verilog; its parallelism must be chosen. The same graph and name give the same bytes. The new
// folder appears at once and whole, in place of what an earlier call wrote. Throws Error as write_top does.
Manifest write_rtl(const std::filesystem::path& folder, const Graph& graph, const std::optional<Vectors>& vectors,
                   const std::string& name = kTopName);

// The same for a whole model: `graph` as an encoder core (core/top.h) of that size, meant for a clock from kLeastClock
// to kMostClock. Throws Error as write_core does.
Manifest write_core_rtl(const std::filesystem::path& folder, const Graph& graph, const CoreSize& size,
                        const std::optional<Texts>& texts, const std::string& name = kTopName,
                        std::int64_t clock_mhz = kUsualClock);

// Opens a folder that may be a stranger's, as open_rtl does. Throws Error also unless its Verilog is, byte by byte,
// what write_rtl makes of its graph. A checksum only shows that a folder is whole, and simulators run whatever they are
// given.
EmittedRtl open_emitted(const std::filesystem::path& folder);

}  // namespace ingot::hw

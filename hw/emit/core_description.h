// What the files of a core's folder say of it, and the texts that its testbench sends.
#pragma once

#include <optional>
#include <string>

#include "engine/io/json.h"
#include "hw/emit/manifest.h"
#include "hw/package/package.h"

namespace ingot::hw {

// As description() of a block. Without texts the testbench sends a few short ones of random tokens.
PackageInfo core_description(const Graph& graph, const CoreSize& size, const Verilog& verilog, const std::string& name,
                             const std::optional<Texts>& texts, std::int64_t clock_mhz);

// The beats of text `text` and of its answer.
struct CoreBeats {
  std::vector<Word> input, output;
};
CoreBeats core_beats(const Encoder& encoder, const CorePlan& plan, const Texts& texts, std::int64_t text);

// Random texts of those lengths, of tokens or rows, with the answers of GraphRunner.
Texts random_texts(const Graph& graph, const std::vector<std::int64_t>& lengths, std::uint64_t seed);

// The size, memories, program and cycles of a core, as JSON.
engine::Json core_metadata(const Graph& graph, const CoreSize& size);

}  // namespace ingot::hw

// The contents of a folder of emitted RTL: the contract between the code that writes the folder and the code that
// simulates or synthesises it.
//
//   manifest.json         this Manifest, with the checksum of every other file
//   graph.json            the graph (graph/graph.h); the hardware must compute what its GraphRunner computes
//   TOP.sv, *.sv          the top module, called `top` unless the user named it, and the modules of rtl/ that it needs
//   TOP_with_memory.sv    of a core with memories outside: TOP with ROMs where it has ports to them
//   *.mem                 ROM images for $readmemh, found beside TOP.sv; those of a named module are TOP.*.mem
//   vectors.safetensors   optional: real input codes [n, n_in], and the engine's output codes [n, n_out]; of a whole
//                         model texts (Texts below)
//   README.md, Makefile, TOP.f, TOP.core, TOP_axis.sv, TOP_tb.v, vectors_*.hex, test_TOP.py   for users without ingot:
//                         package/package.h
//
// Ports of the top module: clk, rst (synchronous, active high), and NAME, NAME_valid, NAME_ready for input and output.
// A beat is `lanes` codes in two's complement; code i is in bits [i width +: width].
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hw/core/top.h"
#include "hw/design.h"
#include "hw/graph.h"

namespace ingot::hw {

struct Port {
  std::string name;        // data_in_0
  FixedPoint format;       // of a code
  std::int64_t size = 0;   // codes in a vector
  std::int64_t lanes = 0;  // codes in a beat

  std::int64_t beats() const { return size / lanes; }         // in a vector
  std::int64_t bits() const { return lanes * format.width; }  // in a beat
};

struct EmittedFile {
  std::string name;
  std::int64_t bytes = 0;
  std::uint64_t hash = 0;  // engine::content_hash
};

struct Manifest {
  std::string top = "top";         // name of the top module
  std::optional<CoreSize> core{};  // of a whole model
  std::int64_t clock_mhz = 0;      // that such a core is meant for; what follows is of blocks
  Port input{}, output{};
  std::int64_t interval = 0;         // cycles from one vector to the next if neither side waits
  std::vector<std::string> sources;  // Verilog, a module before those that use it
  std::vector<std::string> images;   // ROM images
  std::optional<std::string> vectors;
  std::vector<EmittedFile> files;  // every file but the manifest, sorted by name
};

// An emitted folder that was read and checked.
struct EmittedRtl {
  std::filesystem::path folder;
  Manifest manifest;
  Graph graph;
};

inline constexpr const char kManifestFile[] = "manifest.json", kGraphFile[] = "graph.json";
// MHz that a core is meant for: what the PLL of its board can make.
inline constexpr std::int64_t kLeastClock = 10, kMostClock = 400, kUsualClock = 60;
inline constexpr std::size_t kMostManifestBytes = std::size_t{4} << 20;

std::string to_text(const Manifest& manifest);  // the text of manifest.json
// Reads the text of manifest.json. Throws Error naming `subject`, the place and the rule that it breaks.
Manifest manifest_of(const std::string& text, const std::string& subject);

// Reads the manifest and the graph of a folder. Throws Error if the manifest is missing or damaged, if a file is
// missing, is a link or has another size or other contents, or if graph and ports do not fit each other. It does not
// check that the Verilog belongs to the graph: open_emitted() of emit/folder.h does.
EmittedRtl open_rtl(const std::filesystem::path& folder);

// The module that is simulated, as a design with one channel: the top module, or, of a core with memories outside, the
// one around it that has them. A core has beats for vectors.
Design design_of(const EmittedRtl& rtl);
// The top module, whatever is outside.
Design design_of_top(const EmittedRtl& rtl);

inline bool has_memories_outside(const Manifest& manifest) { return manifest.core && manifest.core->streams_weights; }

// Where a core has its large ROMs: in itself, or outside, CoreSize::streams_weights.
inline constexpr std::string_view kWeightMemories[] = {"rom", "stream"};
bool streams_weights(const std::string& name);

// Texts that a core reads, and the codes that the engine answers with.
struct Texts {
  std::vector<std::int32_t> ids, types;  // of tokens
  std::vector<std::int32_t> rows;        // or, of a core that takes them, rows of codes
  std::vector<std::int32_t> offsets{0};  // where each text begins, and the last one ends, in tokens or rows
  std::vector<std::int32_t> answers;     // one text's after the other's

  std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t tokens(std::int64_t text) const {  // or rows
    return offsets[static_cast<std::size_t>(text) + 1] - offsets[static_cast<std::size_t>(text)];
  }
  // What the graph of the core reads of one text.
  std::vector<compress::Codes> inputs(std::int64_t text, std::int64_t row_size) const;
};
// Those of the folder. Throws Error if it has none, or one that the core cannot take.
Texts load_texts(const EmittedRtl& rtl);

// Reads the real vectors of the folder. Throws Error if it has none, or a code does not fit its format.
Vectors load_vectors(const EmittedRtl& rtl);

}  // namespace ingot::hw

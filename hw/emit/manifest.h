// What a folder of emitted RTL holds, and whether it still does: the contract between what writes such a folder and
// what simulates or synthesises it.
//
//   manifest.json         this; the checksum of every file beside it
//   graph.json            the graph (graph/graph.h): its GraphRunner is what the hardware must compute
//   TOP.sv, *.sv          the module, `top` unless it was given a name, and the modules that it needs
//   *.mem                 ROM images for $readmemh, found beside TOP.sv; of a module with a name: TOP.*.mem
//   vectors.safetensors   optional: real input codes [n, n_in], and the engine's output codes [n, n_out]
//
// Ports of the top module: clk, rst (synchronous, active high); NAME, NAME_valid, NAME_ready for input and output. A
// beat is `lanes` codes in two's complement, element i in bits [i width +: width].
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hw/design.h"
#include "hw/graph/graph.h"

namespace ingot::hw {

struct Port {
  std::string name;        // data_in_0
  FixedPoint format;       // of a code
  std::int64_t size = 0;   // codes of a vector
  std::int64_t lanes = 0;  // codes of a beat

  std::int64_t beats() const { return size / lanes; }  // of a vector
  std::int64_t bits() const { return lanes * format.width; }
};

struct EmittedFile {
  std::string name;
  std::int64_t bytes = 0;
  std::uint64_t hash = 0;  // engine::content_hash
};

struct Manifest {
  std::string top = "top";  // the module
  Port input, output;
  std::int64_t interval = 0;         // cycles from a vector to the next where neither side waits
  std::vector<std::string> sources;  // Verilog, a module before those that use it
  std::vector<std::string> images;   // ROM images
  std::optional<std::string> vectors;
  std::vector<EmittedFile> files;  // all but the manifest, by name
};

// An emitted folder, opened.
struct EmittedRtl {
  std::filesystem::path folder;
  Manifest manifest;
  Graph graph;
};

inline constexpr const char kManifestFile[] = "manifest.json", kGraphFile[] = "graph.json";
inline constexpr std::size_t kMostManifestBytes = std::size_t{4} << 20;

std::string to_text(const Manifest& manifest);  // of manifest.json
// Throws Error naming `subject`, the place and the rule.
Manifest manifest_of(const std::string& text, const std::string& subject);

// Manifest and graph of a folder. Throws Error if there is no manifest or it is damaged, if a file is missing, a link,
// has another size or other contents, or if graph and ports do not fit each other. That its Verilog is what the graph
// becomes is for open_emitted() of emit/folder.h to say.
EmittedRtl open_rtl(const std::filesystem::path& folder);

// The top module of the folder as a design with one channel.
Design design_of(const EmittedRtl& rtl);

// The real vectors of the folder. Throws Error if it has none, or a code does not fit its format.
Vectors load_vectors(const EmittedRtl& rtl);

}  // namespace ingot::hw

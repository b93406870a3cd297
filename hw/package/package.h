// What lies in a folder of emitted RTL for a user who has no ingot: file list, AXI4-Stream wrapper, self-checking
// testbench with its vectors, cocotb test, make file, FuseSoC core, README, and the files of a board.
//
// The texts are templates/*, filled in. This folder knows nothing of graphs: hw/emit/ describes a module to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hw/package/board.h"

namespace ingot::hw {

// SPDX identifier in every file that is written: MIT without the duty to name anybody. See LICENSE.
inline constexpr const char kEmittedLicence[] = "MIT-0";

// `text`, a Verilog file, behind a comment with the licence.
std::string licensed(std::string_view text);

// An input or output stream: data_in_0 or data_out_0 with _valid and _ready.
struct PackagePort {
  std::int64_t bits = 0;   // of a beat
  std::int64_t beats = 0;  // of a vector; 0: packets of any length, with their last beat's highest bit set
  std::string meaning;     // for the README: formats and order of what a beat holds, a line of Markdown

  bool is_packets() const { return beats == 0; }
  std::int64_t data_bits() const { return is_packets() ? bits - 1 : bits; }
  std::int64_t tdata_bits() const { return (data_bits() + 7) / 8 * 8; }  // of AXI4-Stream
};

// Memories outside of a module: it has the ports NAME_address and NAME_data for each.
struct PackageMemory {
  std::string name, file;  // the file has its words, one a line in hexadecimal
  std::int64_t words, bits;
  int address_bits;
};
struct PackageMemories {
  std::string module;  // the one around the module that has ROMs behind these ports, in the file MODULE.sv
  int latency = 1;     // cycles from an address to its word
  std::vector<PackageMemory> all{};
};

// A module with the ports clk, rst (synchronous, active high), data_in_0 and data_out_0, and the parameter
// IMAGE_FOLDER.
struct PackageInfo {
  std::string top;    // name of the module
  std::string title;  // what it computes, a line
  PackagePort input, output;
  std::vector<std::string> sources;  // Verilog files of the folder, a module before those that use it
  std::vector<std::string> images;   // ROM images of the folder
  // Vectors as beats in hexadecimal, in the order of the streams; at least one vector.
  std::vector<std::string> input_beats, output_beats;
  std::int64_t most_idle = 10000;  // cycles without a beat in or out after which the module counts as stuck
  std::vector<std::pair<std::string, std::string>> facts;  // rows of the README's table
  std::optional<PackageMemories> memories{};               // outside of it
  std::optional<Ulx3s> ulx3s{};                            // files of that board; both streams must be packets
};

struct PackageFile {
  std::string name, text;
};

// The files, of which none has the name of a source or image. Throws Error for settings of the board that it cannot
// have.
std::vector<PackageFile> package_files(const PackageInfo& info);

}  // namespace ingot::hw

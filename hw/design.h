// A Verilog module as simulators and Yosys are given it: its files and its streams.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ingot::hw {

// Ports NAME, NAME_valid and NAME_ready of the top module.
struct StreamPort {
  std::string name;
  int bits;   // of a beat
  int beats;  // of a vector
};

// An input stream and the output stream that answers it.
struct DesignChannel {
  StreamPort input, output;
};

// A port NAME of the top module that nothing waits for: a word is there whenever NAME_valid is high.
struct ProbePort {
  std::string name;
  int bits;  // of a word
};

// The top module has ports clk, rst (synchronous, active high) and streams.
struct Design {
  std::string top = "top";
  std::filesystem::path folder;
  std::vector<std::string> sources;  // Verilog; paths relative to `folder`, or absolute
  std::vector<std::string> images;   // ROM images for $readmemh; likewise
  // Cell models that came with Yosys, for a netlist; likewise. Modules that the sources lack are taken from here. A
  // design with libraries is not linted: its Verilog is not ours to mend.
  std::vector<std::string> libraries{};
  std::vector<DesignChannel> channels;
  // What the design computes on its way, for comparison. Such a design is built with INGOT_TRACE defined.
  std::vector<ProbePort> probes{};
  std::vector<std::string>
      layers{};  // names that those of its instances begin with; synthesis divides its area by them
};

}  // namespace ingot::hw

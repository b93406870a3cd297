// Memories of an encoder core outside of its top module: the ports to them, and a module with ROMs behind these.
#pragma once

#include <string>
#include <vector>

#include "hw/core/images.h"

namespace ingot::hw {

// Cycles from an address to its word at the port, as of a RAM or of rtl/rom_block.sv. The core takes one more.
inline constexpr int kMemoryLatency = 1;

// NAME_address and NAME_data of each, to be written behind the last port of the top module.
std::string memory_ports(const std::vector<const Image*>& images);

// An instance of rtl/rom_block.sv, in a module that says by IMAGE_FOLDER and ThisFile where its image `file` lies.
std::string rom_block_text(const std::string& instance, const Image& image, const std::string& file,
                           const std::string& address, const std::string& word);

// The module with_memory(top): `top` with ROMs of these images. `streams` are the other ports, of both modules; the
// files of images begin with `prefix`.
std::string memory_wrapper(const std::string& top, const std::string& streams, const std::vector<const Image*>& images,
                           const std::string& prefix);

}  // namespace ingot::hw

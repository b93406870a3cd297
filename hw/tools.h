// Runs other people's programs: Yosys, Verilator, compilers. Their scripts, make files and shells split names at spaces
// and quotes. So no path of the user's is passed to them: the files that they read are copied into a folder of ours,
// they run in that folder, and all names in it are plain (hw/names.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::hw {

struct Tool {
  std::string program, debian_package;
};

// Runs a tool in `folder` and returns its output. The tool's temporary files go there, too. Throws Error naming the
// Debian package if the tool is missing. Throws Failure with the output if the exit code is not 0: the input was
// checked before, so the user is not at fault.
std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                     const std::vector<std::string>& environment = {});

// The same for a tool that may fail: returns the exit code and the output.
struct ToolResult {
  int code;
  std::string output;
};
ToolResult try_tool(const Tool& tool, const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                    const std::vector<std::string>& environment = {});

// Returns read(), which takes what a tool wrote apart. Throws Failure if that is not as the tool should write it.
template <class Read>
auto understood(const Tool& tool, const Read& read) {
  try {
    return read();
  } catch (const engine::JsonError& error) {
    throw engine::Failure(fmt::format("{} wrote what is not understood: {}", tool.program, error.what()));
  }
}

// Copies files into the folder `to` and returns their names there. Paths are relative to `from`, or absolute. Throws
// Error if a name is not plain or a file cannot be read.
std::vector<std::string> copy_files(const std::vector<std::string>& files, const std::filesystem::path& from,
                                    const std::filesystem::path& to);

// Writes a file that need not outlive the work, without waiting for the disk.
void write_scratch(const std::filesystem::path& path, std::string_view text);

}  // namespace ingot::hw

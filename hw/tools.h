// Other people's programs (Yosys, Verilator, compilers) at work for us. Their scripts, make files and shells take names
// apart at spaces and quotes, so that no path of the user's is told to them: what they read is copied into a folder of
// ours, they run in it, and all names are plain ones in it (hw/names.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ingot::hw {

struct Tool {
  std::string program, debian_package;
};

// Runs a tool in `folder`, which is also where it puts temporary files, and returns what it said. Throws Error naming
// the Debian package of a tool that is missing, Failure with its words if it ends with another exit code than 0: what
// it was given was checked, so that the user is not at fault.
std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                     const std::vector<std::string>& environment = {});

// The same for a tool that may fail: the exit code, and what it said.
struct ToolResult {
  int code;
  std::string output;
};
ToolResult try_tool(const Tool& tool, const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                    const std::vector<std::string>& environment = {});

// Copies files of `from` (paths relative to it, or absolute) into `to`, and returns their names there, which must be
// plain. Throws Error for what cannot be read.
std::vector<std::string> copy_files(const std::vector<std::string>& files, const std::filesystem::path& from,
                                    const std::filesystem::path& to);

// A file that need not outlive the work: written without waiting for the disk.
void write_scratch(const std::filesystem::path& path, std::string_view text);

}  // namespace ingot::hw

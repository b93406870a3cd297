#include "hw/tools.h"

#include <cerrno>
#include <fstream>

#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/system_error.h"
#include "hw/names.h"

namespace ingot::hw {
namespace fs = std::filesystem;

ToolResult try_tool(const Tool& tool, const std::vector<std::string>& arguments, const fs::path& folder,
                    const std::vector<std::string>& environment) {
  std::vector<std::string> command{engine::require_program(tool.program, tool.debian_package).string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables{"TMPDIR=.", "TMP=.", "TEMP=."};
  variables.insert(variables.end(), environment.begin(), environment.end());
  engine::ChildResult result = engine::run_child(command, {.folder = folder, .environment = variables});
  return {result.code, std::move(result.output)};
}

std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments, const fs::path& folder,
                     const std::vector<std::string>& environment) {
  ToolResult result = try_tool(tool, arguments, folder, environment);
  if (result.code != 0)
    throw engine::Failure(fmt::format("{}: ended with exit code {}", tool.program, result.code), result.output);
  return std::move(result.output);
}

std::vector<std::string> copy_files(const std::vector<std::string>& files, const fs::path& from, const fs::path& to) {
  std::vector<std::string> names;
  for (const std::string& file : files) {
    names.push_back(fs::path(file).filename().string());
    engine::require(is_plain(names.back(), kMaxFileName), "{}: is no name of letters, digits, _ and '.'", file);
    write_scratch(to / names.back(), engine::read_file(from / file));
  }
  return names;
}

void write_scratch(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.flush()) engine::fail_of_system(path, "write", errno);
}

}  // namespace ingot::hw

// The tools that read our Verilog have nothing to say about it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/child.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

namespace fs = std::filesystem;
using engine::run_child;

std::vector<std::string> modules() {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(INGOT_RTL)) names.push_back(item.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string path_of(const std::string& module) { return fmt::format("{}/{}.sv", INGOT_RTL, module); }

bool has(const char* program, const char* package) {
  if (engine::find_program(program)) return true;
  MESSAGE("skipped: " << std::string(program) << " is missing: install the Debian package " << std::string(package));
  return false;
}

// A place with the memories that modules read by default.
struct Folder : TemporaryFolder {
  Folder() {
    put(*this / "rom.mem", "0\n");
    put(*this / "table.mem", "0\n");
  }
};

TEST_CASE("There is a module a file, of its name, between default_nettype none and wire") {
  REQUIRE(modules().size() >= 16);
  for (const std::string& module : modules()) {
    CAPTURE(module);
    const engine::ChildResult file = run_child({"cat", path_of(module)});
    CHECK(file.output.find("\nmodule " + module + " #(") != std::string::npos);
    CHECK(file.output.find("`default_nettype none\n") != std::string::npos);
    CHECK(file.output.ends_with("`default_nettype wire\n"));
  }
}

TEST_CASE("Verilator's lint is silent on every module") {
  if (!has("verilator_bin", "verilator")) return;
  const std::vector<std::string> root = {"VERILATOR_ROOT=/usr/share/verilator"};
  for (const std::string& module : modules()) {
    CAPTURE(module);
    const engine::ChildResult lint =
        run_child({"verilator_bin", "--lint-only", "-Wall", "-y", INGOT_RTL, path_of(module)}, {.environment = root});
    CHECK(lint.code == 0);
    CHECK(lint.output == "");
  }
}

TEST_CASE("Icarus warns of nothing") {
  if (!has("iverilog", "iverilog")) return;
  const Folder folder;
  for (const std::string& module : modules()) {
    CAPTURE(module);
    const engine::ChildResult compiled = run_child({"iverilog", "-g2012", "-Wall", "-s", module, "-y", INGOT_RTL, "-Y",
                                                    ".sv", "-o", "module.vvp", path_of(module)},
                                                   {.folder = folder.path()});
    CHECK(compiled.code == 0);
    CHECK(compiled.output == "");
  }
}

TEST_CASE("Yosys finds no problem and no latch in any module") {
  if (!has("yosys", "yosys")) return;
  const Folder folder;
  std::string files;
  for (const std::string& module : modules()) files += " " + path_of(module);
  for (const std::string& module : modules()) {
    CAPTURE(module);
    const engine::ChildResult checked = run_child(
        {"yosys", "-q", "-p",
         fmt::format("read_verilog -sv -defer{}; hierarchy -check -top {}; proc; select -assert-none t:$dlatch "
                     "t:$adlatch t:$dlatchsr; flatten; check -assert",
                     files, module)},
        {.folder = folder.path()});
    CHECK(checked.code == 0);
    CHECK(checked.output == "");
  }
}

}  // namespace
}  // namespace ingot::test

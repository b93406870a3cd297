#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/base/error.h"
#include "hw/simulation/simulators.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

constexpr const char kInclude[] = "/usr/share/yosys/include";

Runtime prepare(const Simulation::Options&) {
  std::error_code error;
  engine::require(fs::exists(std::string(kInclude) + "/backends/cxxrtl/cxxrtl.h", error),
                  "cxxrtl.h is missing: install the Debian package yosys-dev");
  return make_runtime({.name = "cxxrtl",
                       .version = version_of(kYosys, "-V"),
                       .flags = {"-isystem", kInclude},
                       .header = "#include <backends/cxxrtl/cxxrtl.h>\n",
                       .sources = {}});
}

// How Yosys writes a name in C++.
std::string mangled(const std::string& name) {
  std::string text = "p_";
  for (const char c : name) text += c == '_' ? std::string("__") : std::string(1, c);
  return text;
}

std::string glue(const Design& design) {
  const auto memory = [](const std::string& port) { return fmt::format("memory(model_.{})", mangled(port)); };
  return fmt::format(R"(#include "model.cc"

namespace {{
class Model : public ingot::testbench::Device {{
 public:
  Model() {{
    clock = memory(model_.p_clk);
    reset = memory(model_.p_rst);
{0}  }}
  void settle() override {{ model_.step(); }}

 private:
  template <std::size_t kBits>
  static unsigned char* memory(cxxrtl::value<kBits>& port) {{ return reinterpret_cast<unsigned char*>(port.data); }}
  template <std::size_t kBits>
  static unsigned char* memory(cxxrtl::wire<kBits>& port) {{ return memory(port.curr); }}
  cxxrtl_design::{1} model_;
}};
}}  // namespace

int main(int argc, char** argv) {{
  Model model;
  return ingot::testbench::main(model, argc, argv);
}}
)",
                     channels_text(design, memory), mangled(design.top));
}

void build(const Design& design, const fs::path& folder, const Simulation::Options&, const Runtime& runtime) {
  run_tool(kYosys,
           {"-q", "-p",
            fmt::format("read_verilog -sv -defer{} {}; hierarchy -check -top {}; proc; flatten; check -assert; "
                        "write_cxxrtl -g0 model.cc",
                        design.probes.empty() ? "" : " -DINGOT_TRACE", fmt::join(design.sources, " "), design.top)},
           folder);
  write_scratch(folder / "glue.cc", glue(design));
  compile_simulation(runtime, folder);
}

}  // namespace

const SimulatorTools kCxxrtl{prepare, build, run_simulation};

}  // namespace ingot::hw

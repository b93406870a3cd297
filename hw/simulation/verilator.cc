#include <fmt/format.h>

#include <algorithm>

#include "engine/base/files.h"
#include "hw/simulation/coverage.h"
#include "hw/simulation/simulators.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

// The Perl script `verilator` sets this and calls the program; its make files want Python. Neither is needed.
constexpr const char kRoot[] = "/usr/share/verilator";
const std::vector<std::string> kEnvironment = {std::string("VERILATOR_ROOT=") + kRoot};

const Tool kProgram{"verilator_bin", "verilator"};

Runtime prepare(const Simulation::Options& options) {
  const std::string include = std::string(kRoot) + "/include";
  RuntimeParts parts{
      .name = options.coverage ? "verilator-coverage" : "verilator",
      .version = version_of(kProgram, "--version", kEnvironment),
      .flags = {"-isystem", include, "-isystem", include + "/vltstd", "-DVL_INCLUDE_OPT=include", "-DVM_TRACE=0",
                std::string("-DVM_COVERAGE=") + (options.coverage ? "1" : "0"), "-DVM_SC=0"},
      .header = std::string("#include <verilated.h>\n") + (options.coverage ? "#include <verilated_cov.h>\n" : ""),
      .sources = {include + "/verilated.cpp", include + "/verilated_threads.cpp"}};
  if (options.coverage) parts.sources.push_back(include + "/verilated_cov.cpp");
  return make_runtime(parts);
}

// One source of the model and what connects it with the testbench: one compilation.
std::string glue(const Design& design, const fs::path& model, const Simulation::Options& options) {
  std::vector<std::string> sources;
  for (const auto& item : fs::directory_iterator(model)) {
    if (item.path().extension() == ".cpp") sources.push_back(item.path().filename().string());
  }
  std::sort(sources.begin(), sources.end());
  std::string text;
  for (const std::string& source : sources) text += "#include \"model/" + source + "\"\n";
  const auto memory = [](const std::string& port) { return fmt::format("memory(model_.{})", port); };
  return text + R"(
namespace {
class Model : public ingot::testbench::Device {
 public:
  explicit Model(VerilatedContext& context) : model_(&context) {
    clock = memory(model_.clk);
    reset = memory(model_.rst);
)" + channels_text(design, memory) +
         R"(  }
  ~Model() override { model_.final(); }
  void settle() override { model_.eval(); }

 private:
  template <class Port>
  static unsigned char* memory(Port& port) { return reinterpret_cast<unsigned char*>(&port); }
  Vmodel model_;
};
}  // namespace

int main(int argc, char** argv) {
  VerilatedContext context;
  context.randReset(2);  // registers without a reset begin with anything
  context.randSeed(argc > 3 ? static_cast<int>(std::strtoull(argv[3], nullptr, 10) & 0x7fffffff) | 1 : 1);
  Model model(context);
  const int code = ingot::testbench::main(model, argc, argv);
)" + (options.coverage ? "  context.coveragep()->write((std::string(argv[1]) + \"/coverage\").c_str());\n" : "") +
         "  return code;\n}\n";
}

void build(const Design& design, const fs::path& folder, const Simulation::Options& options, const Runtime& runtime) {
  std::vector<std::string> arguments = {"--cc",        "-O3",    "--assert",     "--no-timing", "--x-assign",
                                        "unique",      "--Mdir", "model",        "--prefix",    "Vmodel",
                                        "--x-initial", "unique", "--top-module", design.top};
  if (design.libraries.empty()) arguments.push_back("-Wall");
  // Others' Verilog is not ours to mend. A netlist is one block of thousands of assignments, of which the compiler
  // makes short functions in less time.
  else
    arguments.insert(arguments.end(), {"-Wno-fatal", "--output-split-cfuncs", "300"});
  if (!design.probes.empty()) arguments.push_back("-DINGOT_TRACE");
  if (options.coverage) arguments.push_back("--coverage-line");
  arguments.insert(arguments.end(), design.sources.begin(), design.sources.end());
  for (const std::string& library : design.libraries) arguments.insert(arguments.end(), {"-v", library});
  run_tool(kProgram, arguments, folder, kEnvironment);
  write_scratch(folder / "glue.cc", glue(design, folder / "model", options));
  compile_simulation(runtime, folder);
}

SimulationOutcome run(const Design& design, const fs::path& folder, std::span<const testbench::ChannelBeats> beats,
                      const testbench::Run& how) {
  SimulationOutcome outcome = run_simulation(design, folder, beats, how);
  std::error_code error;
  if (fs::exists(folder / "coverage", error)) outcome.coverage = read_coverage(engine::read_file(folder / "coverage"));
  return outcome;
}

}  // namespace

const SimulatorTools kVerilator{prepare, build, run};

}  // namespace ingot::hw

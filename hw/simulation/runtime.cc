#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "engine/base/cache.h"
#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "hw/simulation/simulators.h"
#include "hw/simulation/testbench/text.h"

namespace ingot::hw {
namespace fs = std::filesystem;
using engine::require;
using nlohmann::json;
using testbench::Byte;

namespace {

constexpr const char kHeader[] = "precompiled.h";

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string compiler() { return engine::require_program("g++", "g++").string(); }

void compile(const std::string& what, const std::vector<std::string>& flags, const std::vector<std::string>& more,
             const fs::path& folder) {
  build_step(what, joined(joined({compiler()}, flags), more), folder);
}

testbench::ChannelOutcome channel_outcome(const json& found) {
  testbench::ChannelOutcome outcome{.vectors = found["vectors"],
                                    .beats = found["beats"],
                                    .differences = found["differences"],
                                    .extra_beats = found["extra_beats"],
                                    .broken_holds = found["broken_holds"],
                                    .latency_min = found["latency"][0],
                                    .latency_max = found["latency"][1],
                                    .interval = found["interval"]};
  for (const json& difference : found["first_differences"])
    outcome.first_differences.push_back(
        {difference["beat"], bytes_from_hex(difference["got"]), bytes_from_hex(difference["expected"])});
  return outcome;
}

}  // namespace

std::vector<Byte> bytes_from_hex(const std::string& digits) {
  std::vector<Byte> bytes;
  for (std::size_t end = digits.size(); end > 0; end -= std::min<std::size_t>(end, 2)) {
    const std::size_t begin = end - std::min<std::size_t>(end, 2);
    bytes.push_back(static_cast<Byte>(std::strtoul(digits.substr(begin, end - begin).c_str(), nullptr, 16)));
  }
  return bytes;
}

std::string build_step(const std::string& what, const std::vector<std::string>& command, const fs::path& folder,
                       const std::vector<std::string>& environment) {
  engine::ChildResult result = engine::run_child(command, {.folder = folder, .environment = environment});
  require(result.code == 0, "{}: exit code {}:\n{}", what, result.code, result.output);
  return std::move(result.output);
}

void write_scratch(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  require(static_cast<bool>(file.flush()), "{}: cannot be written", path.string());
}

std::vector<std::string> source_paths(const Design& design) {
  std::vector<std::string> paths;
  for (const std::string& source : design.sources) paths.push_back((design.folder / source).string());
  return paths;
}

Runtime make_runtime(const RuntimeParts& parts) {
  const std::vector<std::string> flags = joined({"-std=c++20", "-O1"}, parts.flags);
  const std::string gcc = build_step("g++", {compiler(), "--version"}, fs::temp_directory_path());
  std::uint64_t hash = engine::content_hash(kTestbenchHeader, engine::content_hash(kTestbenchSource));
  for (const std::string& part : joined(joined(flags, parts.sources), {gcc, parts.version, parts.header}))
    hash = engine::content_hash(part, hash);
  const fs::path folder = engine::cache_folder() / fmt::format("{}-{:016x}", parts.name, hash);
  Runtime runtime{.folder = folder, .flags = joined(flags, {"-I" + folder.string()}), .objects = {"testbench.o"}};
  for (const std::string& source : parts.sources) runtime.objects.push_back(fs::path(source).stem().string() + ".o");
  engine::touch_cache_entry(folder);
  if (fs::exists(folder)) return runtime;

  // Made beside its place and renamed whole; whoever comes second keeps the first one's. A precompiled header serves
  // only under the name that it was made for, so that its place is compiled in: the flags name it by then.
  const fs::path made = fmt::format("{}.tmp{}", folder.string(), ::getpid());
  fs::remove_all(made);
  fs::create_directories(made / "hw/simulation/testbench");
  write_scratch(made / "hw/simulation/testbench/testbench.h", kTestbenchHeader);
  write_scratch(made / "testbench.cc", kTestbenchSource);
  write_scratch(made / kHeader, parts.header + "#include \"hw/simulation/testbench/testbench.h\"\n");
  const std::vector<std::string> here = joined(flags, {"-I" + made.string()});
  compile("testbench", here, {"-c", "testbench.cc", "-o", "testbench.o"}, made);
  for (std::size_t i = 0; i < parts.sources.size(); ++i)
    compile("runtime", here, {"-c", parts.sources[i], "-o", runtime.objects[i + 1]}, made);
  compile("precompiled header", here, {"-x", "c++-header", kHeader, "-o", std::string(kHeader) + ".gch"}, made);
  std::error_code error;
  fs::rename(made, folder, error);
  if (error) fs::remove_all(made);
  require(fs::exists(folder), "{}: cannot be made: {}", folder.string(), error.message());
  engine::trim_cache();
  return runtime;
}

void compile_simulation(const Runtime& runtime, const fs::path& folder) {
  std::vector<std::string> arguments = {"-include", (runtime.folder / kHeader).string(), "glue.cc", "-o", "simulation"};
  for (const std::string& object : runtime.objects) arguments.push_back((runtime.folder / object).string());
  compile("compiling the simulation", runtime.flags, arguments, folder);
}

SimulationOutcome run_simulation(const Design& design, const fs::path& folder,
                                 std::span<const testbench::ChannelBeats> beats, const testbench::Run& run) {
  const auto write = [&](const std::string& name, std::size_t i, const std::vector<Byte>& bytes) {
    write_scratch(folder / fmt::format("{}-{}", name, i), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  for (std::size_t i = 0; i < beats.size(); ++i) {
    write("input", i, beats[i].input);
    write("expected", i, beats[i].expected);
  }
  fs::remove(folder / "outcome.json");
  const engine::ChildResult result =
      engine::run_child({(folder / "simulation").string(), folder.string(),
                         std::to_string(static_cast<int>(run.stalls)), std::to_string(run.seed),
                         std::to_string(run.n_resets), std::to_string(run.trace_cycles), std::to_string(run.watchdog)},
                        {.folder = design.folder});
  if (!fs::exists(folder / "outcome.json"))
    throw std::runtime_error(
        fmt::format("the simulation broke off with exit code {}:\n{}", result.code, result.output));
  const json found = json::parse(engine::read_file(folder / "outcome.json"));
  SimulationOutcome outcome;
  outcome.cycles = found["cycles"];
  outcome.seconds = found["seconds"];
  outcome.stuck = found["stuck"];
  for (const json& channel : found["channels"]) outcome.channels.push_back(channel_outcome(channel));
  const std::string trace = engine::read_file(folder / "trace");
  outcome.trace.assign(trace.begin(), trace.end());
  return outcome;
}

}  // namespace ingot::hw

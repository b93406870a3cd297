#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/cache.h"
#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/system_error.h"
#include "engine/base/temporary_folder.h"
#include "engine/io/saved.h"
#include "hw/simulation/simulators.h"
#include "hw/simulation/testbench/text.h"

namespace ingot::hw {
namespace fs = std::filesystem;
using engine::Json;
using testbench::Byte;

namespace {

constexpr const char kHeader[] = "precompiled.h";

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

testbench::ChannelOutcome channel_outcome(const engine::Saved& found) {
  const auto latency = found.get<std::vector<std::int64_t>>("latency");
  engine::require(latency.size() == 2, "{}: latency: must be the least and the most cycles", found.subject());
  testbench::ChannelOutcome outcome{.vectors = found.get<std::int64_t>("vectors"),
                                    .beats = found.get<std::int64_t>("beats"),
                                    .differences = found.get<std::int64_t>("differences"),
                                    .extra_beats = found.get<std::int64_t>("extra_beats"),
                                    .broken_holds = found.get<std::int64_t>("broken_holds"),
                                    .latency_min = latency[0],
                                    .latency_max = latency[1],
                                    .interval = found.get<double>("interval")};
  for (const engine::Saved& difference : found.objects("first_differences"))
    outcome.first_differences.push_back({difference.get<std::int64_t>("beat"),
                                         bytes_from_hex(difference.get<std::string>("got")),
                                         bytes_from_hex(difference.get<std::string>("expected"))});
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

std::string version_of(const Tool& tool, const std::string& option, const std::vector<std::string>& environment) {
  return run_tool(tool, {option}, "/", environment);
}

Runtime make_runtime(const RuntimeParts& parts) {
  const std::vector<std::string> flags = joined({"-std=c++20", "-O1"}, parts.flags);
  const std::string gcc = version_of(kCompiler, "--version");
  std::uint64_t hash = engine::content_hash(kTestbenchHeader, engine::content_hash(kTestbenchSource));
  for (const std::string& part : joined(joined(flags, parts.sources), {gcc, parts.version, parts.header}))
    hash = engine::content_hash(part, hash);
  const fs::path folder = engine::cache_folder() / fmt::format("{}-{:016x}", parts.name, hash);
  Runtime runtime{.folder = folder, .flags = joined(flags, {"-I" + folder.string()}), .objects = {"testbench.o"}};
  for (const std::string& source : parts.sources) runtime.objects.push_back(fs::path(source).stem().string() + ".o");
  engine::touch_cache_entry(folder);
  std::error_code error;
  if (fs::exists(folder, error)) return runtime;

  // Made beside its place and renamed whole; whoever comes second keeps the first one's. A precompiled header serves
  // only under the name that it was made for, so that its place is compiled in: the flags name it by then.
  const engine::TemporaryFolder aside(folder.parent_path(), folder.filename().string() + ".new-");
  const fs::path made = aside / "made";
  fs::create_directories(made / "hw/simulation/testbench", error);
  if (error) engine::fail_of_system(made, "make the folder", error.value());
  write_scratch(made / "hw/simulation/testbench/testbench.h", kTestbenchHeader);
  write_scratch(made / "testbench.cc", kTestbenchSource);
  write_scratch(made / kHeader, parts.header + "#include \"hw/simulation/testbench/testbench.h\"\n");
  const std::vector<std::string> here = joined(flags, {"-I" + made.string()});
  const auto compile = [&](const std::vector<std::string>& more) { run_tool(kCompiler, joined(here, more), made); };
  compile({"-c", "testbench.cc", "-o", "testbench.o"});
  for (std::size_t i = 0; i < parts.sources.size(); ++i)
    compile({"-c", parts.sources[i], "-o", runtime.objects[i + 1]});
  compile({"-x", "c++-header", kHeader, "-o", std::string(kHeader) + ".gch"});
  fs::rename(made, folder, error);
  if (error && !fs::exists(folder)) engine::fail_of_system(folder, "make the folder", error.value());
  engine::trim_cache();
  return runtime;
}

void compile_simulation(const Runtime& runtime, const fs::path& folder) {
  std::vector<std::string> arguments = {"-include", (runtime.folder / kHeader).string(), "glue.cc", "-o", "simulation"};
  for (const std::string& object : runtime.objects) arguments.push_back((runtime.folder / object).string());
  run_tool(kCompiler, joined(runtime.flags, arguments), folder);
}

SimulationOutcome run_simulation(const Design&, const fs::path& folder, std::span<const testbench::ChannelBeats> beats,
                                 const testbench::Run& run) {
  const auto write = [&](const std::string& name, std::size_t i, const std::vector<Byte>& bytes) {
    write_scratch(folder / fmt::format("{}-{}", name, i), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  for (std::size_t i = 0; i < beats.size(); ++i) {
    write("input", i, beats[i].input);
    write("expected", i, beats[i].expected);
  }
  std::error_code error;
  fs::remove(folder / "outcome.json", error);
  const engine::ChildResult result = engine::run_child(
      {(folder / "simulation").string(), ".", std::to_string(static_cast<int>(run.stalls)), std::to_string(run.seed),
       std::to_string(run.n_resets), std::to_string(run.trace_cycles), std::to_string(run.watchdog)},
      {.folder = folder});
  if (!fs::exists(folder / "outcome.json", error))
    throw engine::Failure(fmt::format("the simulation broke off with exit code {}", result.code), result.output);
  const Json json = engine::parse_json(engine::read_file(folder / "outcome.json"), "outcome.json");
  const engine::Saved found(json, "outcome.json");
  SimulationOutcome outcome;
  outcome.cycles = found.get<std::int64_t>("cycles");
  outcome.seconds = found.get<double>("seconds");
  outcome.stuck = found.get<bool>("stuck");
  for (const engine::Saved& channel : found.objects("channels")) outcome.channels.push_back(channel_outcome(channel));
  const std::string trace = engine::read_file(folder / "trace");
  outcome.trace.assign(trace.begin(), trace.end());
  return outcome;
}

}  // namespace ingot::hw

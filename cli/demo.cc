// ingot demo: the whole way on built-in data. It only types commands that a user could type.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/system_error.h"
#include "engine/io/json.h"
#include "labs/typed.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

// Whether a demo makes a file or folder of that name, or leaves it where it is killed: a lock, or a half of one.
bool is_of_demo(const std::string& name) {
  constexpr std::string_view kOurs[] = {"glosses",  "glosses.model", "pruned",   "quantized", "result.json",
                                        "searched", "rtl",           "integers", "model-rtl", "page.html"};
  return std::any_of(std::begin(kOurs), std::end(kOurs), [&](std::string_view ours) {
    return name == ours || name == fmt::format(".{}.ingot.lock", ours) ||
           name.starts_with(fmt::format("{}.tmp", ours)) || name.starts_with(fmt::format("{}.new-", ours));
  });
}

// An earlier demo may be replaced, other things may not.
void clear(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error)) {
    engine::require(fs::is_directory(folder, error), "--out {}: is a file, not a folder", folder.string());
    std::vector<fs::path> earlier;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (pipeline::is_lock(entry.path())) continue;
      const std::string name = entry.path().filename().string();
      engine::require(is_of_demo(name), "--out {}: holds {}, which is not of an earlier demo", folder.string(), name);
      earlier.push_back(entry.path());
    }
    for (const fs::path& path : earlier) fs::remove_all(path);
  }
  fs::create_directories(folder, error);
  engine::require_done(error, "--out " + folder.string(), "make the folder");
}

// Says what a step shows and why, then takes it as a user would.
void step(std::string_view says, std::vector<std::string> words) {
  print_out(fmt::format("{}\n$ {}\n", says, labs::command_line(words)));
  if (engine::quiet()) words.emplace_back("--quiet");
  engine::require(run_program(words) == 0, "demo: the command above did not work");
  print_out("\n");
}

// A layer of the model as hardware, as far as the programs for it are installed.
void cast(const std::string& model, const std::string& rtl, const std::string& seed) {
  step("Its pooler, a layer and its tanh, becomes SystemVerilog: 16 multipliers take 1,024 cycles a vector.",
       {"emit", model, "--block", "pooler", "--parallelism", "4", "--data", "glosses", "--activations", "200", "--out",
        rtl});
  if (engine::find_program("verilator_bin")) {
    step("The circuit is simulated on what real texts feed into this layer: every bit must be the model's.",
         {"simulate", rtl, "--activations", "--seed", seed});
  } else {
    print_out("(not simulated: install the Debian package verilator)\n\n");
  }
  if (engine::find_program("yosys")) {
    step("Yosys maps the circuit to an FPGA: what it needs there stands beside what ingot's cost model foretold.",
         {"synth", rtl, "--target", "xilinx"});
  } else {
    print_out("(not synthesised: install the Debian package yosys)\n\n");
  }
}

// The whole model as hardware. Three texts are as many as a minute has time for. Says at last what was made.
std::string cast_whole(const std::string& run, const fs::path& folder, const std::string& seed) {
  const std::string integers = (folder / "integers").string(), rtl = (folder / "model-rtl").string();
  step("The trained model once more, all of it in 8-bit integers: from the numbers of the words to the answer.",
       {"quantize", run, "--data", "glosses", "--integer-only", "--seed", seed, "--out", integers});
  step("So it becomes one circuit, a core with its program and its weights in memories: 64 multipliers.",
       {"emit", integers, "--block", "model", "--parallelism", "8x8", "--data", "glosses", "--activations", "3",
        "--out", rtl});
  const bool is_simulated = engine::find_program("verilator_bin").has_value();
  if (is_simulated) {
    step("Three texts of the test go through it, token after token: answers, and all on the way, must be the model's.",
         {"simulate", rtl, "--activations", "--seed", seed});
  } else {
    print_out("(not simulated: install the Debian package verilator)\n\n");
  }
  const engine::Json made = engine::parse_json(engine::read_file(fs::path(rtl) / "result.json"), "result.json");
  const auto cycles = made.at("cycles").get<std::int64_t>();
  return fmt::format(
      "the whole model is a circuit{}: a text's tokens go in, 26 numbers come out, and the largest is the label;\n"
      "{} tokens take {} cycles, {:.1f} ms at 50 MHz: {}\n",
      is_simulated ? ", simulated with every bit right" : "", made.at("longest").get<std::int64_t>(), cycles,
      static_cast<double>(cycles) / 50e3, rtl);
}

// An epoch, which is not all that this model can learn: the demo should be over within a minute.
void learn(const std::string& tokenizer, const std::string& run, const std::string& seed) {
  step("A tokenizer learns from the texts into which 6,000 pieces their words are cut: a model reads numbers.",
       {"tokenizer", "train", "--data", "glosses", "--pieces", "6000", "--out", tokenizer});
  step("A tiny BERT learns from nothing to tell 26 kinds of nouns apart by their definitions, seen once each.",
       {"train", "--data", "glosses", "--tokenizer", tokenizer, "--model", "tiny", "--length", "32", "--batch", "32",
        "--epochs", "1", "--lr", "1.5e-3", "--seed", seed, "--out", run});
  step("It answers definitions that nobody labelled, each with a probability: this is what it was trained for.",
       {"predict", run, "a metal block cast in a mould for later use", "a large wild cat with a mane",
        "the feeling of great happiness", "a city in the north of Italy"});
}

void compress(const std::string& run, const fs::path& folder, const std::string& seed) {
  const std::string pruned = (folder / "pruned").string(), quantized = (folder / "quantized").string();
  step("Half of the weights of its linear layers become zero: the accuracy says how little they mattered.",
       {"prune", run, "--data", "glosses", "--sparsity", "0.5", "--seed", seed, "--out", pruned});
  step("What is left is rounded to numbers of 4 bits, embeddings included: the model takes an eighth of the memory.",
       {"quantize", pruned, "--data", "glosses", "--width", "4", "--outputs", "8", "--embeddings", "--seed", seed,
        "--out", quantized});
  step("The rounded model runs in integers, and every output is compared: no bit may differ from what was measured.",
       {"eval", quantized, "--data", "glosses", "--integer", "--verify"});
  step("Each layer may have a width of its own: a search looks for the best ones below 4 bits on average.",
       {"search", "mixed", pruned, "--data", "glosses", "--embeddings", "--max-bits", "4", "--inputs",
        "fixed(8,calibrated)", "--trials", "12", "--seed", seed, "--out", (folder / "searched").string()});
}

void run(const Command& command, const std::string& out, const Common& common) {
  const std::string seed = std::to_string(common.seed);
  const fs::path folder = out;
  const pipeline::OutputLock lock(folder, full_name(command));
  clear(folder);
  const std::string run = (folder / "glosses").string(), quantized = (folder / "quantized").string(),
                    rtl = (folder / "rtl").string(), page = (folder / "page.html").string();
  std::optional<labs::OutputAside> aside;
  if (common.json) aside.emplace();
  learn((folder / "glosses.model").string(), run, seed);
  compress(run, folder, seed);
  cast(quantized, rtl, seed);
  const std::string made = cast_whole(run, folder, seed);
  step("One page shows what was learned, what compression cost and what became of it in hardware.",
       {"report", run, (folder / "pruned").string(), quantized, (folder / "searched").string(), rtl, "--out", page});
  aside.reset();
  finish(
      command, common, folder, {{"model", (folder / "glosses" / "best").string()}, {"page", page}},
      fmt::format("{}done in {}; open {} in a browser; the model is {}\n", made,
                  engine::duration_text(engine::usage().wall_seconds), page, (folder / "glosses" / "best").string()));
}

}  // namespace

void add_demo(Command& program) {
  Command& command =
      program.add_subcommand("demo", "train, compress, search and make hardware on built-in data, within a minute");
  const auto common = add_common(command);
  const auto out = std::make_shared<std::string>("runs/demo");
  command.add_option("--out", *out, "folder to work in; an earlier demo there is replaced").type_name("DIR");
  set_action(command, "ingot demo", common, [&command, out, common] { run(command, *out, *common); });
}

}  // namespace ingot::cli

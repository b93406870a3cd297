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
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "labs/typed.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

// An earlier demo may be replaced, other things may not.
void clear(const fs::path& folder) {
  constexpr std::string_view kOurs[] = {"glosses",     "glosses.model", "pruned", "quantized",
                                        "result.json", "searched",      "rtl",    "page.html"};
  std::error_code error;
  if (fs::exists(folder, error)) {
    engine::require(fs::is_directory(folder, error), "--out {}: is a file, not a folder", folder.string());
    std::vector<fs::path> earlier;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (pipeline::is_lock(entry.path())) continue;
      const std::string name = entry.path().filename().string();
      engine::require(std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs),
                      "--out {}: holds {}, which is not of an earlier demo", folder.string(), name);
      earlier.push_back(entry.path());
    }
    for (const fs::path& path : earlier) fs::remove_all(path);
  }
  fs::create_directories(folder, error);
  engine::require(!error, "--out {}: cannot make the folder: {}", folder.string(), error.message());
}

void type(std::vector<std::string> words) {
  print_out(fmt::format("\n$ {}\n", labs::command_line(words)));
  if (engine::quiet()) words.emplace_back("--quiet");
  engine::require(run_program(words) == 0, "demo: the command above did not work");
}

// A layer of the model as hardware, as far as the programs for it are installed.
void cast(const std::string& model, const std::string& rtl, const std::string& seed) {
  print_out("\nIts pooler becomes SystemVerilog, which must give the bits that the model gives.\n");
  type({"emit", model, "--block", "pooler", "--parallelism", "4", "--data", "glosses", "--activations", "200", "--out",
        rtl});
  if (engine::find_program("verilator_bin")) {
    type({"simulate", rtl, "--activations", "--seed", seed});
  } else {
    print_out("(not simulated: install the Debian package verilator)\n");
  }
  if (engine::find_program("yosys")) {
    type({"synth", rtl, "--target", "xilinx"});
  } else {
    print_out("(not synthesised: install the Debian package yosys)\n");
  }
}

void run(const Command& command, const std::string& out, const Common& common) {
  const std::string seed = std::to_string(common.seed);
  const fs::path folder = out;
  const pipeline::OutputLock lock(folder, full_name(command));
  clear(folder);
  const std::string tokenizer = (folder / "glosses.model").string(), run = (folder / "glosses").string(),
                    pruned = (folder / "pruned").string(), quantized = (folder / "quantized").string();
  std::optional<labs::OutputAside> aside;
  if (common.json) aside.emplace();
  print_out("A tiny BERT learns from nothing to tell the 26 kinds of nouns in WordNet apart by their definitions.\n");
  type({"tokenizer", "train", "--data", "glosses", "--pieces", "6000", "--out", tokenizer});
  type({"train", "--data", "glosses", "--tokenizer", tokenizer, "--model", "tiny", "--length", "64", "--batch", "64",
        "--epochs", "3", "--lr", "2e-3", "--seed", seed, "--out", run});
  type({"eval", run, "--data", "glosses"});
  type({"predict", run, "a metal block cast in a mould for later use", "a large wild cat with a mane",
        "the feeling of great happiness", "a city in the north of Italy"});
  print_out("\nHalf of the weights of its linear layers can go.\n");
  type({"prune", run, "--data", "glosses", "--sparsity", "0.5", "--seed", seed, "--out", pruned});
  print_out("\nWhat is left fits into numbers of 4 bits, embeddings included.\n");
  type({"quantize", pruned, "--data", "glosses", "--width", "4", "--outputs", "8", "--embeddings", "--seed", seed,
        "--out", quantized});
  print_out("\nEach of its layers may have a width of its own; a search looks for the best ones below 4 bits.\n");
  type({"search", "mixed", pruned, "--data", "glosses", "--embeddings", "--max-bits", "4", "--inputs",
        "fixed(8,calibrated)", "--trials", "12", "--seed", seed, "--out", (folder / "searched").string()});
  cast(quantized, (folder / "rtl").string(), seed);
  print_out("\nWhat was learned, what compression cost and what became of it in hardware, on one page.\n");
  const std::string page = (folder / "page.html").string();
  type({"report", run, pruned, quantized, (folder / "searched").string(), (folder / "rtl").string(), "--out", page});
  print_out("\n");
  aside.reset();
  finish(
      command, common, folder, {{"model", (folder / "glosses" / "best").string()}, {"page", page}},
      fmt::format("done in {}; open {} in a browser; the model is {}\n",
                  engine::duration_text(engine::usage().wall_seconds), page, (folder / "glosses" / "best").string()));
}

}  // namespace

void add_demo(Command& program) {
  Command& command = program.add_subcommand("demo", "train, compress and predict on built-in data, in a few minutes");
  const auto common = add_common(command);
  const auto out = std::make_shared<std::string>("runs/demo");
  command.add_option("--out", *out, "folder to work in; an earlier demo there is replaced").type_name("DIR");
  set_action(command, "ingot demo", common, [&command, out, common] { run(command, *out, *common); });
}

}  // namespace ingot::cli

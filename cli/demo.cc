// ingot demo: the whole way on built-in data. It only types commands that a user could type.
#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

void type(const std::vector<std::string>& words) {
  std::string line = "$ ingot";
  for (const std::string& word : words) line += word.find(' ') == std::string::npos ? " " + word : " '" + word + "'";
  fmt::print("\n{}\n", line);
  std::fflush(stdout);
  engine::require(run_program(words) == 0, "demo: the command above did not work");
}

void run(const CLI::App& command, const std::string& out, const Common& common) {
  const std::string seed = std::to_string(common.seed);
  const fs::path folder = out;
  engine::require(!fs::exists(folder) || fs::exists(folder / "demo"), "--out {}: exists and is not of an earlier demo",
                  out);
  fs::remove_all(folder);
  fs::create_directories(folder / "demo");
  const std::string tokenizer = (folder / "glosses.model").string(), run = (folder / "glosses").string();
  fmt::print("A tiny BERT learns from nothing to tell the 26 kinds of nouns in WordNet apart by their definitions.\n");
  type({"tokenizer", "train", "--data", "glosses", "--pieces", "6000", "--out", tokenizer});
  type({"train", "--data", "glosses", "--tokenizer", tokenizer, "--model", "tiny", "--length", "64", "--batch", "64",
        "--epochs", "3", "--lr", "2e-3", "--seed", seed, "--out", run});
  type({"eval", run, "--data", "glosses"});
  type({"predict", run, "a metal block cast in a mould for later use", "a large wild cat with a mane",
        "the feeling of great happiness", "a city in the north of Italy"});
  fmt::print("\n");
  finish(command, common, folder, {{"model", (folder / "glosses" / "best").string()}},
         fmt::format("done in {}; the model is {}\n", engine::duration_text(engine::usage().wall_seconds),
                     (folder / "glosses" / "best").string()));
}

}  // namespace

void add_demo(CLI::App& program) {
  CLI::App& command = *program.add_subcommand("demo", "the whole way on built-in data, in a few minutes");
  const auto common = add_common(command);
  const auto out = std::make_shared<std::string>("runs/demo");
  command.add_option("--out", *out, "folder to work in; an earlier demo there is replaced");
  set_action(command, "ingot demo", common, [&command, out, common] { run(command, *out, *common); });
}

}  // namespace ingot::cli

// config.toml: what a command was asked for, which --config reads back.
#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/words.h"
#include "engine/io/json.h"
#include "engine/io/toml.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

// What a command would be given, without doing it: every option, those given, its positional arguments.
struct Reading {
  Json options;
  Words given, positionals;
  bool operator==(const Reading&) const = default;
};

Reading reading_of(const CLI::App& command) {
  Reading reading{cli::resolved_options(command), {}, {}};
  for (const char* here : {"out", "quiet", "json", "resume"}) reading.options.erase(here);
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    if (option->get_lnames().empty()) {
      reading.positionals.push_back(option->as<std::string>());
    } else if (const std::string name = option->get_single_name(); reading.options.contains(name)) {
      reading.given.push_back(name);
    }
  }
  std::sort(reading.given.begin(), reading.given.end());
  return reading;
}

// Reads the words as the program does and writes config.toml into the folder.
Reading read(const Words& words, const fs::path& folder) {
  CLI::App program("", "ingot");
  cli::Command root(program);
  for (const auto add_command : cli::kCommands) add_command(root);
  const cli::Typed typed = cli::find_command(program, words);
  CLI::App* command = &program;
  for (const std::string& name : typed.names) command = command->get_subcommand(name);
  Words arguments = typed.names;
  for (const std::string& word : cli::expand_config(*command, typed.arguments)) arguments.push_back(word);
  std::reverse(arguments.begin(), arguments.end());
  struct Done {};
  Reading reading;
  command->parse_complete_callback([&] {  // all is read, nothing is done yet
    cli::write_config_toml(cli::Command(*command), folder);
    reading = reading_of(*command);
    throw Done();
  });
  try {
    program.parse(std::move(arguments));
  } catch (const Done&) {
  }
  return reading;
}

const std::vector<Words> kEach{
    {"train", "--data", "a.csv", "--out", "x"},
    {"train", "--data", "a.csv", "--out", "x", "--lr", "1e-3", "--dropout", "0.1", "--lazy-embeddings", "--beta2",
     "0.9"},
    {"train", "--data", "a \"b\" \\ c\t.csv", "--out", "x", "--from", "1e3", "--seed", "18446744073709551615"},
    {"pretrain", "--data", "a.csv", "--out", "x", "--masked", "0.15", "--threads", "3"},
    {"quantize", "runs/a", "--data", "a.csv", "--out", "x"},
    {"quantize", "1000", "--data", "a.csv", "--out", "x", "--width", "8", "--per", "channel", "--mode", "mase"},
    {"quantize", "runs/a", "--data", "a.csv", "--out", "x", "--mode", "mase", "--freeze", "bert.*,classifier.*"},
    {"quantize", "runs/a", "--data", "a.csv", "--out", "x", "--plan", "plan.toml"},
    {"quantize", "runs/a", "--data", "a.csv", "--out", "x", "--method", "percentile", "--percentile", "99.9"},
    {"quantize", "--data", "a.csv", "--out", "x", "--format", "minifloat(8,e4)", "--", "-odd"},
    {"prune", "runs/a", "--data", "a.csv", "--out", "x"},
    {"prune", "runs/a", "--data", "a.csv", "--out", "x", "--sparsity", "0.5", "--method", "2:4", "--ramp", "0.25"},
    {"baseline", "--data", "a.csv", "--out", "x", "--ngrams", "2", "--c", "1.5"},
    {"eval", "runs/a", "--data", "a.csv", "--out", "x", "--integer", "--verify"},
    {"search", "nas", "--data", "a.csv", "--out", "x", "--trials", "12", "--time", "1e9", "--startup", "-1"},
    {"search", "mixed", "runs/a", "--data", "a.csv", "--out", "x", "--max-bits", "3", "--multivariate"},
    {"search", "bench", "--problem", "mixedprec14", "--seed", "7"},
    {"emit", "runs/a", "--block", "ffn.0", "--parallelism", "4x2", "--out", "x"},
    {"simulate", "rtl", "--stalls", "bursts", "--resets", "0", "--out", "x"},
    {"synth", "--sweep", "4", "--target", "ecp5", "--out", "x"},
    {"synth", "rtl", "--no-dsp"},
    {"lab", "4", "--out", "x"},
    {"lab", "1.1", "--data", "glosses", "--out", "x", "--rows", "control-*,calibrated-4*"},
    {"tokenizer", "train", "--data", "glosses", "--out", "tok.model", "--pieces", "100"},
    {"trace", "runs/a", "--batch", "b.safetensors", "--out", "x", "--gradients"},
    {"export", "runs/a", "there", "--packed"},
};

}  // namespace

TEST_CASE("config.toml of every command reads back to the same options, given or not, and the same arguments") {
  const test::TemporaryFolder folder;
  for (const Words& words : kEach) {
    INFO(fmt::format("{}", fmt::join(words, " ")));
    const Reading first = read(words, folder / "first");
    REQUIRE(first.options.is_object());
    // Names of the commands, the file, and another --out where there is one: nothing else.
    Words again(words.begin(), words.begin() + (words[0] == "search" || words[0] == "tokenizer" ? 2 : 1));
    again.insert(again.end(), {"--config", (folder / "first/config.toml").string()});
    if (std::find(words.begin(), words.end(), "--out") != words.end()) again.insert(again.end(), {"--out", "other"});
    const Reading second = read(again, folder / "second");
    CHECK(second.options == first.options);
    CHECK(second.given == first.given);
    CHECK(second.positionals == first.positionals);
    CHECK(test::text_of_file(folder / "first/config.toml") == test::text_of_file(folder / "second/config.toml"));
  }
}

TEST_CASE("config.toml has the shortest numbers, every option, and says which nobody gave") {
  const test::TemporaryFolder folder;
  read({"train", "--data", "glosses", "--out", "x", "--lr", "0.0003", "--clip", "1"}, folder / "run");
  const std::string text = test::text_of_file(folder / "run/config.toml");
  for (const char* line :
       {"# ingot train\n", "\nlr = 0.0003\n", "\ndropout = 0.1\n", "\nbeta2 = 0.98\n", "\nclip = 1\n",
        "\ndata = \"glosses\"\n", "\nlazy-embeddings = false\n", "\n  \"dropout\",\n"}) {
    CHECK_MESSAGE(contains(text, line), line);
  }
  CHECK_FALSE(contains(text, "  \"lr\","));
  CHECK_FALSE(contains(text, "\nout ="));
  CHECK(engine::parse_toml(text, "config.toml")["lr"] == 0.0003);
  read({"search", "nas", "--data", "glosses", "--out", "x"}, folder / "run");
  CHECK(test::text_of_file(folder / "run/config.toml").starts_with("# ingot search nas\n"));
}

TEST_CASE("the command line wins over the file, and what the file gets wrong is said with its name") {
  const Workplace place;
  const auto given = [&](const std::string& text, Words words) {
    place.write("c.toml", text);
    words.insert(words.end(), {"--config", (place / "c.toml").string()});
    return read(words, place / "out");
  };
  CHECK(given("lr = 0.5\ndata = \"a.csv\"\n", {"train", "--out", "x", "--lr", "0.25"}).options["lr"] == 0.25);
  CHECK(given("model = \"a\"\ndata = \"a.csv\"\n", {"prune", "b", "--out", "x"}).positionals == Words{"b"});
  // A default that has changed since counts as given: the run stays the same.
  CHECK(given("dropout = 0.7\ndata = \"a.csv\"\ndefaults = [\"dropout\"]\n", {"train", "--out", "x"})
            .options["dropout"] == 0.7);
  const auto refused = [&](const std::string& text, const std::string& sentence) {
    INFO(text);
    place.write("c.toml", text);
    const Outcome outcome = place.run("train --data train.csv --out run --config c.toml");
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(contains(outcome.error, sentence), outcome.error);
    CHECK_FALSE(fs::exists(place / "run"));
  };
  refused("epoch = 3\n", "c.toml: train has no option epoch; did you mean --epochs?");
  refused("config = \"d.toml\"\n", "c.toml: option config cannot name another file");
  refused("lr = [1, 2]\n", "c.toml: option lr must be a string, number or boolean");
  refused("defaults = 3\n", "c.toml: defaults must be an array of names");
  refused("lr = \"fast\"\n", "--lr");
  refused("lr = = 3\n", "c.toml: line 1: not TOML");
}

TEST_CASE("runs by their config.toml give the bits of the first: training, pruning, quantising") {
  const Workplace place;
  const auto same = [&](const std::string& command, const std::string& words) {
    INFO(command, " ", words);
    const Outcome first = place.run(command + " " + words + " --quiet --out first");
    REQUIRE_MESSAGE(first.code == 0, first.error);
    CHECK(first.error.empty());
    const Outcome second = place.run(command + " --config first/config.toml --quiet --out second");
    REQUIRE_MESSAGE(second.code == 0, second.error);
    CHECK(second.error.empty());
    CHECK(test::text_of_file(place / "first/best/model.safetensors") ==
          test::text_of_file(place / "second/best/model.safetensors"));
    CHECK(test::text_of_file(place / "first/best/compression.json") ==
          test::text_of_file(place / "second/best/compression.json"));
    fs::remove_all(place / "model");
    fs::rename(place / "first", place / "model");
    fs::remove_all(place / "second");
  };
  same("train", Workplace::train("--epochs 2").substr(6));
  same("prune", "model --data train.csv --sparsity 0.5 --epochs 1 --batch 8");
  fs::rename(place / "model", place / "pruned");
  same("quantize", "pruned --data train.csv --mode mase --width 5 --qat-epochs 1 --batch 8");
  same("quantize", "pruned --data train.csv --method percentile --percentile 99");
}

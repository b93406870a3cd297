// What the program says of itself, and to words that it does not know.
#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <sstream>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using test::contains;
using test::Outcome;
using test::Workplace;

namespace {

// "train", "search nas": every command that does something, and those that only have commands.
void add_names(const CLI::App& app, const std::string& before, std::vector<std::string>& names) {
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(before + command->get_name());
    add_names(*command, names.back() + " ", names);
  }
}

std::vector<std::string> command_names() {
  CLI::App program("", "ingot");
  cli::Command root(program);
  for (const auto add_command : cli::kCommands) add_command(root);
  std::vector<std::string> names;
  add_names(program, "", names);
  return names;
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

}  // namespace

TEST_CASE("every command explains itself, within 80 columns and with an example that can be pasted") {
  const Workplace place;
  const std::vector<std::string> names = command_names();
  CHECK(names.size() > 20);
  for (const std::string& name : names) {
    INFO(name);
    const Outcome help = place.run(name + " --help");
    CHECK(help.code == 0);
    CHECK(help.error.empty());
    CHECK(longest_line(help.out) <= 80);
    CHECK(contains(help.out, "Usage: ingot " + name));
    CHECK(place.run("help " + name).out == help.out);
    if (name == "search" || name == "tokenizer") continue;
    CHECK(contains(help.out, "--threads"));
    CHECK_FALSE(contains(help.out, " in ["));
    CHECK(help.out.find("\nOf every command:\n") < help.out.find("  -h,--help"));
    const std::size_t example = help.out.find("Example:\n  ");
    REQUIRE(example != std::string::npos);
    std::string pasted = help.out.substr(example + 9);
    for (std::size_t at = pasted.find(" \\\n"); at != std::string::npos; at = pasted.find(" \\\n")) pasted.erase(at, 3);
    CHECK(std::count(pasted.begin(), pasted.end(), '\n') == 1);
  }
}

TEST_CASE("--help puts options under headings, each once, and those of every command last") {
  const Workplace place;
  const auto headings = [&](const std::string& words) {
    std::vector<std::string> found;
    std::istringstream lines(place.run(words + " --help").out);
    for (std::string line; std::getline(lines, line);)
      if (line.ends_with(":") && !line.starts_with(" ") && line != "Example:") found.push_back(line);
    return found;
  };
  CHECK(headings("train") ==
        std::vector<std::string>{"Data:", "Output:", "Model:", "Training:", "Distillation:", "Of every command:"});
  CHECK(headings("search mixed") == std::vector<std::string>{"Positionals:", "Data:", "Output:", "Search space:",
                                                             "Search:", "Training:", "Of every command:"});
  CHECK(headings("version").empty());
  const std::string train = place.run("train --help").out;
  CHECK(train.find("--pooling") < train.find("\nTraining:"));  // declared last, shown where it belongs
}

TEST_CASE("a value outside of the range of its option is refused with both") {
  const Workplace place;
  const auto says = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run(words);
    INFO(outcome.error);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, sentence));
  };
  says("train --data a.csv --out run --batch 0", "--batch: must be between 1 and 65536, got 0");
  says("train --data a.csv --out run --warmup 1.5", "--warmup: must be between 0 and 1, got 1.5");
  says("train --data a.csv --out run --threads many", "--threads: must be between 0 and 1024, got many");
  says("simulate rtl --vectors 0", "--vectors: must be above 0, got 0");
}

TEST_CASE("the program explains itself: its commands, its version, its exit codes") {
  const Workplace place;
  const Outcome help = place.run("--help");
  CHECK(help.code == 0);
  CHECK(longest_line(help.out) <= 80);
  CHECK(place.run("help").out == help.out);
  CHECK(place.run("-h").out == help.out);
  CHECK(contains(help.out, "1 failed at work"));
  const Outcome version = place.run("--version");
  CHECK(version.code == 0);
  CHECK(version.out.starts_with("ingot "));
  CHECK(place.run("version").out == version.out);
  CHECK(contains(place.run("").error, "needs a command: demo, tokenizer"));
  CHECK(place.run("").code == 2);
  CHECK(contains(place.run("search").error, "search: needs a command: nas, mixed, bench"));
}

TEST_CASE("a word that is not known gets the nearest one that is") {
  const Workplace place;
  const auto says = [&](const std::string& words, const std::string& sentence) {
    INFO(words);
    const Outcome outcome = place.run(words);
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(contains(outcome.error, sentence), outcome.error);
  };
  says("trian", "no command 'trian'; did you mean train?; the commands are demo, ");
  says("quantise", "did you mean quantize?");
  says("search nsa", "search: no command 'nsa'; did you mean nas?");
  says("tokenizer tran", "tokenizer: no command 'tran'; did you mean train?");
  says("help evaluate", "did you mean eval?");
  says("train --epoch 3 --data train.csv --out run", "train: no option --epoch; did you mean --epochs?");
  says("train --lerning-rate=1 --out run", "train: no option --lerning-rate");
  says("train --data train.csv --out run --bacth=3", "did you mean --batch?");
  says("search nas --trails 3", "search nas: no option --trails; did you mean --trials?");
  says("quantize run --calibration 3", "did you mean --calibration-texts?");
  says("train -q", "train: no option -q");
  says("--verison", "no option --verison; did you mean --version?");
  // Nothing is near: nothing is suggested.
  const Outcome far = place.run("xyzzy");
  CHECK(contains(far.error, "no command 'xyzzy'; the commands are "));
  CHECK_FALSE(contains(far.error, "did you mean"));
  CHECK_FALSE(contains(place.run("train --zzzzzzzzz 3").error, "did you mean"));
  // Words that only look like options are values where values are due.
  CHECK_FALSE(contains(place.run("train --out --data --data train.csv").error, "no option"));
  CHECK_FALSE(contains(place.run("train --validation -1 --data none.csv --out run").error, "no option"));
  CHECK_FALSE(contains(place.run("predict none -- --text").error, "no option"));
}

TEST_CASE("the nearest name is by letters wrong, missing, too many or exchanged, or by its beginning") {
  const std::vector<std::string> names{"train", "trace", "eval", "export", "--calibration-texts", "--lr"};
  CHECK(cli::did_you_mean("trian", names) == "; did you mean train?");
  CHECK(cli::did_you_mean("trac", names) == "; did you mean trace?");
  CHECK(cli::did_you_mean("expport", names) == "; did you mean export?");
  CHECK(cli::did_you_mean("--cali", names) == "; did you mean --calibration-texts?");
  CHECK(cli::did_you_mean("--rl", names) == "; did you mean --lr?");
  CHECK(cli::did_you_mean("predict", names).empty());
  CHECK(cli::did_you_mean("", names).empty());
  CHECK(cli::did_you_mean(std::string(100'000, 'x'), names).empty());
}

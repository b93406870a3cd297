// What every command shares: its options, its table, its result. CLI11 reads the command line; it is included by the
// few files that read or explain options, not by every command that declares some.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/run.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot::cli {

// An option or a positional argument as it is declared. What does not keep its rules ends in an Error that names it.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}
  const Option& required() const;
  // What --help shows in place of TEXT or INT: kinds of values between bars. Words in small letters are choices, and
  // they, FILE, PATH (a file or a folder) and DIR are what shells complete.
  const Option& type_name(const std::string& name) const;
  const Option& range(int lowest, int highest) const;
  const Option& range(double lowest, double highest) const;
  const Option& not_negative() const;
  const Option& positive() const;
  const Option& repeatable() const;  // every value counts, not the last one alone

 private:
  CLI::Option* option_;
};

// A command, or one of the commands that belong to it. Values of options are written to what they were declared with,
// which must live until the command has run.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(app) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command& add_subcommand(const std::string& name, const std::string& description);
  void require_subcommand();  // it does nothing itself

  // The heading in --help of the options that are added from now on; "": the common one, Options.
  void group(const std::string& heading);

  // `name`: "--option", or "word" of a positional argument.
  Option add_option(const std::string& name, std::string& value, const std::string& description);
  Option add_option(const std::string& name, int& value, const std::string& description);
  Option add_option(const std::string& name, std::int64_t& value, const std::string& description);
  Option add_option(const std::string& name, std::uint64_t& value, const std::string& description);
  Option add_option(const std::string& name, float& value, const std::string& description);
  Option add_option(const std::string& name, double& value, const std::string& description);
  Option add_option(const std::string& name, std::optional<double>& value, const std::string& description);
  Option add_option(const std::string& name, std::vector<std::string>& value, const std::string& description);
  // A whole number, or else the name of a file: one is set and the other left as it is.
  Option add_option(const std::string& name, std::int64_t& number, std::string& file, const std::string& description);
  void add_flag(const std::string& name, bool& value, const std::string& description);

  // What must be right before the command does anything; throws Error.
  void add_check(std::function<void()> check);
  void check() const;

  std::string name() const;
  std::set<std::string> given() const;          // all such, as "--seed"
  bool given(const std::string& option) const;  // on the command line or in a file of options

  CLI::App& app() { return app_; }
  const CLI::App& app() const { return app_; }

 private:
  CLI::App& app_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<std::function<void()>> checks_;
};

// Options of every command.
struct Common {
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all processors
  bool quiet = false;
  bool json = false;
  std::string config;
};

// Adds --seed, --threads, --quiet, --json, --config to a command; they take effect before its callback runs.
std::shared_ptr<Common> add_common(Command& command);

// Gives a command its example for --help and the work to do when it was asked for.
void set_action(Command& command, const std::string& example, const std::shared_ptr<Common>& common,
                std::function<void()> action);

// Its name behind those of the commands that it belongs to: "search nas".
std::string full_name(const Command& command);
std::string full_name(const CLI::App& command);

// All options of a command as given or by default, by long name, for result.json.
engine::Json resolved_options(const Command& command);
engine::Json resolved_options(const CLI::App& command);

// The result with usage, seed, options and build.
engine::Json with_usage(const Command& command, const Common& common, engine::Json result);

// The value and a line end. Paths and names need not be UTF-8: what is not is replaced. `indent`: -1 for one line.
std::string json_line(const engine::Json& value, int indent = -1);

// What its libraries are told of a command.
pipeline::Run run_of(const Command& command, const Common& common);

// Ends a command as finish() does, with the result that a library found.
pipeline::Finish finisher(const Command& command, const Common& common, const std::filesystem::path& out);

// Ends a command: adds usage, seed and build to the result; writes result.json into `out` unless it is empty; prints
// the JSON on standard output with --json, else `text`, whose names and labels need not be printable.
void finish(const Command& command, const Common& common, const std::filesystem::path& out, engine::Json result,
            const std::string& text);

// Writes to standard output, and throws Failure if not all of it could be written: it is closed, or its disk is full.
void print_out(std::string_view text);

using engine::say;

}  // namespace ingot::cli

#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/version.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"
#include "search/storage/redis_url.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

// "1000" is a number where the option takes one; a folder may have that name too.
engine::Json typed(const std::string& text, const std::string& type) {
  if (!type.starts_with("INT") && !type.starts_with("UINT") && !type.starts_with("FLOAT")) return text;
  const engine::Json value = engine::parse_json_or_null(text);
  return value.is_number() ? value : engine::Json(text);
}

}  // namespace

const Option& Option::required() const {
  option_->required();
  return *this;
}

const Option& Option::type_name(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

// The range is said where it is broken, not in --help: most of them end where no one goes.
const Option& Option::range(int lowest, int highest) const {
  return range(static_cast<double>(lowest), static_cast<double>(highest));
}

const Option& Option::range(double lowest, double highest) const {
  option_->check(
      [=](const std::string& text) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool is_number = error == std::errc() && end == text.data() + text.size();
        if (is_number && value >= lowest && value <= highest) return std::string();
        return fmt::format("must be between {} and {}, got {}", lowest, highest, engine::printable(text, 40));
      },
      "");
  return *this;
}

const Option& Option::not_negative() const {
  option_->check(
      [](const std::string& value) {
        return value.starts_with("-") ? fmt::format("must be at least 0, got {}", value) : std::string();
      },
      "");
  return *this;
}

const Option& Option::positive() const {
  option_->check(
      [](const std::string& value) {
        const bool is_positive = std::strtod(value.c_str(), nullptr) > 0;
        return is_positive ? std::string() : fmt::format("must be above 0, got {}", engine::printable(value, 40));
      },
      "");
  return *this;
}

const Option& Option::repeatable() const {
  option_->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  // One value each time it is named: what follows belongs to others.
  if (!option_->get_positional()) option_->allow_extra_args(false);
  return *this;
}

Command& Command::add_subcommand(const std::string& name, const std::string& description) {
  return *commands_.emplace_back(std::make_unique<Command>(*app_.add_subcommand(name, description)));
}

void Command::require_subcommand() { app_.require_subcommand(1); }

void Command::group(const std::string& heading) {
  app_.option_defaults()->group(heading.empty() ? "Options" : heading);
}

Option Command::add_option(const std::string& name, std::string& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, int& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, std::int64_t& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, std::uint64_t& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, float& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, double& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, std::optional<double>& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, std::vector<std::string>& value, const std::string& description) {
  return Option(*app_.add_option(name, value, description));
}

Option Command::add_option(const std::string& name, std::int64_t& number, std::string& file,
                           const std::string& description) {
  const auto take = [name, &number, &file](const std::string& text) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + (text.starts_with('+') ? 1 : 0), end, value);
    const bool is_whole = rest == end && error != std::errc::invalid_argument;
    engine::require(!is_whole || error == std::errc(), "{}: is beyond all numbers, got {}", name, text);
    if (is_whole) {
      number = value;
    } else {
      file = text;
    }
  };
  CLI::Option& option = *app_.add_option_function<std::string>(name, take, description);
  option.default_str(std::to_string(number))->type_name("INT|FILE");
  return Option(option);
}

void Command::add_flag(const std::string& name, bool& value, const std::string& description) {
  app_.add_flag(name, value, description);
}

void Command::add_check(std::function<void()> check) { checks_.push_back(std::move(check)); }

void Command::check() const {
  for (const auto& check : checks_) check();
}

std::string Command::name() const { return app_.get_name(); }

std::set<std::string> Command::given() const {
  std::set<std::string> names;
  for (const CLI::Option* option : app_.get_options()) {
    for (const std::string& name : option->get_lnames())
      if (option->count() > 0) names.insert("--" + name);
  }
  return names;
}

bool Command::given(const std::string& option) const { return app_.get_option(option)->count() > 0; }

std::shared_ptr<Common> add_common(Command& command) {
  auto common = std::make_shared<Common>();
  command.app().option_defaults()->always_capture_default();
  command.app().option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  command.group(kCommonGroup);
  command.app().get_help_ptr()->group(kCommonGroup);
  command.add_option("--seed", common->seed, "seed of all random numbers; the same seed gives the same bits")
      .not_negative();
  command.add_option("--threads", common->threads, "threads to use; 0: all processors").range(0, 1024);
  command.add_flag("--quiet", common->quiet, "no progress and no notes");
  command.add_flag("--json", common->json, "print the result as one JSON object on standard output");
  command.add_option("--config", common->config, "TOML file with any of these options; the command line wins")
      .type_name("FILE");
  command.group("");
  return common;
}

void set_action(Command& command, const std::string& example, const std::shared_ptr<Common>& common,
                std::function<void()> action) {
  command.app().footer("Example:\n  " + example);
  command.app().callback([&command, common, action = std::move(action)] {
    command.check();
    if (common->threads > 0) engine::set_threads(common->threads);
    engine::set_quiet(common->quiet);
    action();
  });
}

std::string full_name(const Command& command) { return full_name(command.app()); }

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  const bool is_whole = parent == nullptr || parent->get_parent() == nullptr;
  return is_whole ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

engine::Json resolved_options(const CLI::App& command) {
  engine::Json options = engine::Json::object();
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_single_name();
    if (name == "help" || name == "config" || option->get_lnames().empty()) continue;
    if (option->get_expected_min() == 0) {  // a flag
      options[name] = option->count() > 0 && option->as<bool>();
    } else {
      const std::string text = option->count() > 0 ? option->as<std::string>() : option->get_default_str();
      options[name] = typed(search::without_password(text), option->get_type_name());
    }
  }
  return options;
}

engine::Json resolved_options(const Command& command) { return resolved_options(command.app()); }

engine::Json with_usage(const Command& command, const Common& common, engine::Json result) {
  const engine::Usage used = engine::usage();
  result["command"] = command.name();
  result["wall_seconds"] = used.wall_seconds;
  result["cpu_seconds"] = used.cpu_seconds;
  result["peak_memory_bytes"] = used.peak_bytes;
  result["seed"] = common.seed;
  result["options"] = resolved_options(command);
  result["build"] = build_description();
  return result;
}

std::string json_line(const engine::Json& value, int indent) {
  return value.dump({.indent = indent, .mended = true}) + "\n";
}

void finish(const Command& command, const Common& common, const fs::path& out, engine::Json result,
            const std::string& text) {
  result = with_usage(command, common, std::move(result));
  if (!out.empty()) engine::write_file(out / "result.json", json_line(result, 2));
  print_out(common.json ? json_line(result) : engine::printable_lines(text));
}

void print_out(std::string_view text) {
  engine::clear_progress();
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) != 0 || !written) throw engine::Failure("standard output: cannot write");
}

pipeline::Run run_of(const Command& command, const Common& common) {
  return {.command = full_name(command),
          .options = resolved_options(command),
          .seed = common.seed,
          .config = config_text(command),
          .given = command.given()};
}

pipeline::Finish finisher(const Command& command, const Common& common, const fs::path& out) {
  return [&command, &common, out](engine::Json result, const std::string& text) {
    finish(command, common, out, std::move(result), text);
  };
}

}  // namespace ingot::cli

#include "cli/command.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "cli/version.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"
#include "engine/io/toml.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

using engine::require;

// "1000" is a number where the option takes one; a folder may have that name too.
nlohmann::json typed(const std::string& text, const std::string& type) {
  if (!type.starts_with("INT") && !type.starts_with("UINT") && !type.starts_with("FLOAT")) return text;
  const nlohmann::json value = engine::parse_json_or_null(text);
  return value.is_number() ? value : nlohmann::json(text);
}

std::vector<std::string> options_of(const std::string& file) {
  std::vector<std::string> options;
  const nlohmann::json table = engine::parse_toml(engine::read_file(file), file);
  for (const auto& [key, value] : table.items()) {
    require(key != "config", "{}: option config cannot name another file", file);
    require(value.is_primitive() && !value.is_null(), "{}: option {} must be a string, number or boolean", file, key);
    options.push_back(fmt::format("--{}={}", key, value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return options;
}

}  // namespace

std::shared_ptr<Common> add_common(CLI::App& command) {
  auto common = std::make_shared<Common>();
  command.option_defaults()->always_capture_default();
  command.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  command.add_option("--seed", common->seed, "of everything random: the same seed gives the same bits")
      ->check(not_negative());
  command.add_option("--threads", common->threads, "threads to use; 0: all processors")->check(CLI::Range(0, 1024));
  command.add_flag("--quiet", common->quiet, "no progress and no notes");
  command.add_flag("--json", common->json, "the result as one JSON object on standard output");
  command.add_option("--config", common->config, "TOML file with any of these options; the command line wins")
      ->type_name("FILE");
  return common;
}

CLI::Validator not_negative() {
  return {[](const std::string& value) {
            return value.starts_with("-") ? fmt::format("must be at least 0, got {}", value) : std::string();
          },
          ""};
}

void set_action(CLI::App& command, const std::string& example, const std::shared_ptr<Common>& common,
                std::function<void()> action) {
  command.footer("Example:\n  " + example);
  command.callback([common, action = std::move(action)] {
    if (common->threads > 0) engine::set_threads(common->threads);
    engine::set_quiet(common->quiet);
    action();
  });
}

std::vector<std::string> expand_config(std::vector<std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string file;
    if (arguments[i] == "--config" && i + 1 < arguments.size()) file = arguments[i + 1];
    if (arguments[i].starts_with("--config=")) file = arguments[i].substr(9);
    if (arguments[i] == "--") break;
    if (file.empty()) continue;
    const auto again = std::find_if(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end(),
                                    [](const std::string& a) { return a == "--config" || a.starts_with("--config="); });
    require(again == arguments.end(), "--config: must be given once");
    // Behind the command and its subcommands, ahead of the first option.
    auto at = std::find_if(arguments.begin(), arguments.end(), [](const std::string& a) { return a.starts_with("-"); });
    const std::vector<std::string> options = options_of(file);
    arguments.insert(at, options.begin(), options.end());
    break;
  }
  return arguments;
}

nlohmann::json resolved_options(const CLI::App& command) {
  nlohmann::json options = nlohmann::json::object();
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_single_name();
    if (name == "help" || name == "config" || option->get_lnames().empty()) continue;
    if (option->get_expected_min() == 0) {  // a flag
      options[name] = option->count() > 0 && option->as<bool>();
    } else {
      options[name] =
          typed(option->count() > 0 ? option->as<std::string>() : option->get_default_str(), option->get_type_name());
    }
  }
  return options;
}

void write_config_toml(const CLI::App& command, const fs::path& out) {
  std::error_code error;
  fs::create_directories(out, error);
  require(!error, "--out {}: cannot make the folder: {}", out.string(), error.message());
  toml::table table;
  const nlohmann::json options = resolved_options(command);
  for (const auto& [name, value] : options.items()) {
    if (name == "resume" || name == "json" || name == "quiet" || name == "out") continue;
    if (value.is_boolean()) table.insert(name, value.get<bool>());
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
      table.insert(name, value.dump());  // beyond TOML's integers
    } else if (value.is_number_integer()) {
      table.insert(name, value.get<std::int64_t>());
    }
    if (value.is_number_float()) table.insert(name, value.get<double>());
    if (value.is_string() && !value.get<std::string>().empty()) table.insert(name, value.get<std::string>());
  }
  std::ostringstream text;
  text << "# ingot " << command.get_name() << '\n' << table << '\n';
  engine::write_file(out / "config.toml", text.str());
}

nlohmann::json with_usage(const CLI::App& command, const Common& common, nlohmann::json result) {
  const engine::Usage used = engine::usage();
  result["command"] = command.get_name();
  result["wall_seconds"] = used.wall_seconds;
  result["cpu_seconds"] = used.cpu_seconds;
  result["peak_memory_bytes"] = used.peak_bytes;
  result["seed"] = common.seed;
  result["options"] = resolved_options(command);
  result["build"] = build_description();
  return result;
}

std::string json_line(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void finish(const CLI::App& command, const Common& common, const fs::path& out, nlohmann::json result,
            const std::string& text) {
  result = with_usage(command, common, std::move(result));
  if (!out.empty()) engine::write_file(out / "result.json", json_line(result, 2));
  print_out(common.json ? json_line(result) : engine::printable_lines(text));
}

void print_out(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) != 0 || !written) throw engine::Failure("standard output: cannot write");
}

void say(const std::string& line) {
  if (!engine::quiet()) std::fputs((engine::printable_lines(line) + "\n").c_str(), stderr);
}

}  // namespace ingot::cli

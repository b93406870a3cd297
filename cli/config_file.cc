#include "cli/config_file.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <fstream>

#include "cli/command.h"
#include "cli/words.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/utf8.h"
#include "engine/io/json.h"
#include "engine/io/toml.h"

namespace ingot::cli {
namespace fs = std::filesystem;
using engine::Json;
using engine::require;

namespace {

constexpr const char kDefaults[] = "defaults";  // names of the options that nobody gave

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// What a file says, as arguments.
struct FileArguments {
  std::vector<std::string> options, positionals;
};

FileArguments read_config(const CLI::App& command, const std::string& file) {
  FileArguments found;
  Json table = engine::parse_toml(engine::read_file(file), file);
  Json defaults = table.value(kDefaults, Json::array());
  table.erase(kDefaults);
  if (!defaults.is_array()) engine::fail("{}: {} must be an array of names", file, kDefaults);
  const Json now = resolved_options(command);
  for (const auto& [key, value] : table.items()) {
    require(key != "config", "{}: option config cannot name another file", file);
    require(!value.is_array() && !value.is_object() && !value.is_null(),
            "{}: option {} must be a string, number or boolean", file, key);
    const CLI::Option* option = find_option(command, key);
    require(option != nullptr, "{}: {} has no option {}{}", file, full_name(command), key,
            did_you_mean("--" + key, option_names(command)));
    if (option->get_lnames().empty()) {
      found.positionals.push_back(text_of(value));
      continue;
    }
    const bool is_default = std::find(defaults.begin(), defaults.end(), Json(key)) != defaults.end();
    if (!is_default || now.value(key, Json()) != value) {
      found.options.push_back(fmt::format("--{}={}", key, text_of(value)));
    }
  }
  return found;
}

// Shortest digits that read back as the same number. Nothing for text that TOML cannot hold.
std::string toml_value(const Json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX})
    return fmt::format("\"{}\"", value.dump());  // beyond TOML's integers
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_string()) return value.dump();
  if (engine::find_invalid_utf8(value.get<std::string>()) != std::string::npos) return "";
  std::string text = value.dump();  // JSON's escapes are TOML's, but for one character
  for (std::size_t at = text.find('\x7f'); at != std::string::npos; at = text.find('\x7f', at)) {
    text.replace(at, 1, "\\u007f");
  }
  return text;
}

std::string line_of(const std::string& name, const Json& value) {
  const std::string text = toml_value(value);
  return text.empty() ? fmt::format("# {}: is not UTF-8, which TOML asks for; to be given by hand\n", name)
                      : fmt::format("{} = {}\n", name, text);
}

}  // namespace

std::vector<std::string> expand_config(const CLI::App& command, std::vector<std::string> arguments) {
  std::string file;
  bool has_positionals = false;
  for (const Argument& argument : read_arguments(command, arguments)) {
    has_positionals |= argument.option == nullptr;
    if (argument.option == nullptr || argument.option->get_single_name() != "config") continue;
    require(file.empty(), "--config: must be given once");
    file = argument.value;
  }
  if (file.empty()) return arguments;
  const FileArguments found = read_config(command, file);
  arguments.insert(arguments.begin(), found.options.begin(), found.options.end());
  if (has_positionals || found.positionals.empty()) return arguments;
  if (std::find(arguments.begin(), arguments.end(), "--") == arguments.end()) arguments.emplace_back("--");
  arguments.insert(arguments.end(), found.positionals.begin(), found.positionals.end());
  return arguments;
}

std::string config_text(const Command& command) {
  std::string text = fmt::format("# ingot {}\n", full_name(command)), defaults;
  for (const CLI::Option* option : command.app().get_options()) {
    if (option->get_lnames().empty() && option->count() == 1)
      text += line_of(option->get_name(true), option->as<std::string>());
  }
  const Json options = resolved_options(command);
  for (const auto& [name, value] : options.items()) {
    if (name == "resume" || name == "json" || name == "quiet" || name == "out") continue;
    if (value.is_string() && value.get<std::string>().empty()) continue;
    text += line_of(name, value);
    if (!command.given("--" + name)) defaults += fmt::format("  \"{}\",\n", name);
  }
  if (!defaults.empty()) text += fmt::format("\n# nobody gave these\n{} = [\n{}]\n", kDefaults, defaults);
  return text;
}

void write_config_toml(const Command& command, const fs::path& out) {
  pipeline::write_config(out, config_text(command));
}

}  // namespace ingot::cli

#include "cli/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "cli/command.h"
#include "engine/base/error.h"

namespace ingot::cli {

using engine::require;

namespace {

// Letters to insert, delete, replace, or exchange with their neighbour: optimal string alignment.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({replaced, d[i - 1][j] + 1, d[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

bool is_number(const std::string& word) {
  return word.size() > 1 && (std::isdigit(static_cast<unsigned char>(word[1])) != 0 || word[1] == '.');
}

}  // namespace

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string did_you_mean(const std::string& word, std::span<const std::string> names) {
  constexpr std::size_t kLongest = 64;  // of what is compared
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(word.size(), 12) / 3) + 1;
  for (const std::string& name : names) {
    if (word.size() > kLongest) break;
    // The beginning of a name, or a name and more, is as near as one wrong letter.
    const bool begins = std::min(word.size(), name.size()) > 3 && (name.starts_with(word) || word.starts_with(name));
    const std::size_t found = std::min(distance(word, name), begins ? std::size_t{1} : kLongest);
    if (found >= least) continue;
    least = found;
    nearest = &name;
  }
  return nearest == nullptr ? "" : fmt::format("; did you mean {}?", *nearest);
}

Typed find_command(const CLI::App& program, std::span<const std::string> words) {
  Typed typed{.command = &program, .names = {}, .arguments = {}};
  std::size_t i = 0;
  for (; i < words.size() && !words[i].starts_with("-"); ++i) {
    const std::vector<std::string> names = command_names(*typed.command);
    if (names.empty()) break;
    const auto found = std::find(names.begin(), names.end(), words[i]);
    const std::string where = typed.names.empty() ? "" : fmt::format("{}: ", fmt::join(typed.names, " "));
    require(found != names.end(), "{}no command '{}'{}; the commands are {}", where, words[i],
            did_you_mean(words[i], names), fmt::join(names, ", "));
    typed.command = typed.command->get_subcommand(words[i]);
    typed.names.push_back(words[i]);
  }
  typed.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
  return typed;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw("--" + name);
  if (option != nullptr) return option;
  for (const CLI::Option* positional : command.get_options()) {
    if (positional->get_positional() && positional->get_name(true) == name) return positional;
  }
  return nullptr;
}

std::vector<Argument> read_arguments(const CLI::App& command, std::span<const std::string> arguments) {
  std::vector<Argument> all;
  bool only_positionals = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (only_positionals || word.size() < 2 || word[0] != '-' || is_number(word)) {
      all.push_back({nullptr, word});
      continue;
    }
    if (word == "--") {
      only_positionals = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* option = command.get_option_no_throw(name);
    const std::string where = command.get_parent() == nullptr ? "" : full_name(command) + ": ";
    require(option != nullptr, "{}no option {}{}", where, name, did_you_mean(name, option_names(command)));
    const bool takes_next = equals == std::string::npos && option->get_expected_min() > 0 && i + 1 < arguments.size();
    if (takes_next) ++i;
    all.push_back({option, takes_next ? arguments[i] : equals == std::string::npos ? "" : word.substr(equals + 1)});
  }
  return all;
}

}  // namespace ingot::cli

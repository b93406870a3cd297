#include "cli/documents/described.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/program.h"
#include "cli/words.h"

namespace ingot::cli {

namespace {

std::vector<std::string> kinds_of(const std::string& type) {
  std::vector<std::string> kinds;
  std::istringstream parts(type);
  for (std::string part; std::getline(parts, part, '|');) kinds.push_back(part);
  return kinds;
}

bool is_choice(const std::string& kind) { return std::isupper(static_cast<unsigned char>(kind[0])) == 0; }

bool has_kind(const std::string& type, const std::string& part) {
  const std::vector<std::string> kinds = kinds_of(type);
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const std::string& kind) { return !is_choice(kind) && kind.find(part) != std::string::npos; });
}

DescribedOption described(const CLI::Option& option) {
  DescribedOption found;
  for (const std::string& name : option.get_snames()) found.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) found.names.push_back("--" + name);
  found.is_positional = found.names.empty();
  if (found.is_positional) found.names.push_back(option.get_name(true));
  if (option.get_expected_min() > 0 || found.is_positional) found.type = option.get_type_name();
  found.description = option.get_description();
  found.preset = option.get_default_str();
  found.group = option.get_group();
  found.is_required = option.get_required();
  found.is_repeatable = option.get_expected_max() > 1;
  return found;
}

DescribedCommand described(const CLI::App& command) {
  DescribedCommand found;
  if (command.get_parent() != nullptr) found.name = full_name(command);
  found.description = command.get_description();
  found.footer = command.get_footer();
  found.commands = command_names(command);
  for (const CLI::Option* option : command.get_options()) found.options.push_back(described(*option));
  // Headings in the order of their first options, those of every command last, as in --help.
  std::vector<std::string> groups;
  for (const DescribedOption& option : found.options) {
    const bool is_new = std::find(groups.begin(), groups.end(), option.group) == groups.end();
    if (is_new && option.group != kCommonGroup) groups.push_back(option.group);
  }
  groups.emplace_back(kCommonGroup);
  const auto place = [&](const DescribedOption& option) {
    return option.is_positional ? 0 : 1 + (std::find(groups.begin(), groups.end(), option.group) - groups.begin());
  };
  std::stable_sort(found.options.begin(), found.options.end(),
                   [&](const DescribedOption& a, const DescribedOption& b) { return place(a) < place(b); });
  return found;
}

void add(const CLI::App& command, std::vector<DescribedCommand>& all) {
  all.push_back(described(command));
  for (const CLI::App* child : command.get_subcommands({})) add(*child, all);
}

}  // namespace

std::vector<std::string> DescribedOption::choices() const {
  std::vector<std::string> words = kinds_of(type);
  std::erase_if(words, [](const std::string& kind) { return !is_choice(kind); });
  return words;
}

bool DescribedOption::takes_folder() const { return has_kind(type, "DIR") && !takes_file(); }

bool DescribedOption::takes_file() const { return has_kind(type, "FILE") || has_kind(type, "PATH"); }

std::vector<DescribedCommand> described_commands() {
  CLI::App program;
  Command root(program);
  set_up(program, root);
  std::vector<DescribedCommand> all;
  add(program, all);
  return all;
}

}  // namespace ingot::cli

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/documents/documents.h"

namespace ingot::cli {

namespace {

constexpr const char kHead[] = R"(# Completion of ingot for fish, made by the build from the options of the program.
function __ingot_command
    set -l words (commandline -opc)
    set -e words[1]
    if test "$words[1]" = help
        set -e words[1]
    end
    set -l command
    for word in $words
        set -l longer (string join ' ' -- $command $word)
        contains -- $longer )";
constexpr const char kTail[] = R"(; or break
        set command $longer
    end
    echo "$command"
end
function __ingot_in
    test (__ingot_command) = "$argv[1]"
end
complete -c ingot -f
complete -c ingot -n "__ingot_in ''" -a help -d 'explain a command'
complete -c ingot -n "__ingot_in ''" -a version -d 'say what this is'
)";

std::string value_of(const DescribedOption& option) {
  if (option.type.empty()) return "";
  std::string words = fmt::format("{}", fmt::join(option.choices(), " "));
  if (option.takes_folder()) words += (words.empty() ? "" : " ") + std::string("(__fish_complete_directories)");
  const char* const files = option.takes_file() ? " -F" : "";
  const char* const takes = option.is_positional ? "" : option.takes_file() ? " -r" : " -x";
  return fmt::format("{}{}{}", takes, files, words.empty() ? "" : " -a " + fish_word(words));
}

std::string lines_of(const DescribedCommand& command, const std::vector<DescribedCommand>& all) {
  const std::string where = fmt::format("complete -c ingot -n \"__ingot_in '{}'\"", command.name);
  std::string text;
  for (const std::string& name : command.commands) {
    for (const DescribedCommand& other : all) {
      if (other.name != (command.name.empty() ? name : command.name + " " + name)) continue;
      text += fmt::format("{} -a {} -d {}\n", where, name, fish_word(brief(other.description)));
    }
  }
  for (const DescribedOption& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) {
      if (!option.is_positional) names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    const std::string value = value_of(option);
    if (option.is_positional && value.empty()) continue;
    text += where + names + value + " -d " + fish_word(brief(option.description)) + "\n";
  }
  return text;
}

}  // namespace

std::string fish_completion(const std::vector<DescribedCommand>& all) {
  std::string names, lines;
  for (const DescribedCommand& command : all) {
    if (!command.name.empty()) names += (names.empty() ? "" : " ") + fish_word(command.name);
    lines += lines_of(command, all);
  }
  return kHead + names + kTail + lines;
}

}  // namespace ingot::cli

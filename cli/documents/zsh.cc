#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/documents/documents.h"

namespace ingot::cli {

namespace {

constexpr const char kHead[] = R"(#compdef ingot
# Completion of ingot for zsh, made by the build from the options of the program.
_ingot() {
  local command= i=2
  local -a commands
  if [[ $words[2] == help ]] && (( CURRENT > 2 )); then i=3; fi
  while (( i < CURRENT )); do
    case "${command:+$command }$words[i]" in
      )";
constexpr const char kMiddle[] = R"() command="${command:+$command }$words[i]" ;;
      (*) break ;;
    esac
    (( ++i ))
  done
  # What follows sees the command in front of its own arguments.
  words=("$words[i-1]" "${(@)words[i,-1]}")
  (( CURRENT -= i - 2 ))
  case $command in
)";
constexpr const char kTail[] = R"(  esac
}
_ingot "$@"
)";

// Colons and brackets end the fields of a specification.
std::string field(const std::string& text) {
  std::string all;
  for (const char c : text)
    all += std::string_view(":[]\\").find(c) == std::string_view::npos ? std::string(1, c) : std::string("\\") + c;
  return all;
}

std::string value_of(const DescribedOption& option) {
  const std::string words = fmt::format("{}", fmt::join(option.choices(), " "));
  const std::string files = option.takes_folder() ? "_files -/" : option.takes_file() ? "_files" : "";
  const std::string action = words.empty()   ? files
                             : files.empty() ? fmt::format("({})", words)
                                             : fmt::format("{{ compadd - {}; {} }}", words, files);
  return fmt::format(":{}:{}", option.is_positional ? option.names[0] : "value", action.empty() ? " " : action);
}

std::string case_of(const DescribedCommand& command, const std::vector<DescribedCommand>& all) {
  std::string text = fmt::format("    ({})\n", shell_word(command.name));
  if (!command.commands.empty()) {
    text += "      commands=(\n";
    for (const std::string& name : command.commands) {
      for (const DescribedCommand& other : all) {
        if (other.name != (command.name.empty() ? name : command.name + " " + name)) continue;
        text += fmt::format("        {}\n", shell_word(name + ":" + field(brief(other.description))));
      }
    }
    if (command.name.empty()) text += "        'help:explain a command'\n        'version:say what this is'\n";
    text += "      )\n      _describe -t commands command commands\n";
  }
  text += "      _arguments";
  for (const DescribedOption& option : command.options) {
    for (const std::string& name : option.names) {
      const std::string value = option.type.empty() ? "" : value_of(option);
      const std::string spec =
          option.is_positional ? (option.is_repeatable ? "*" : "") + value
                               : fmt::format("{}{}[{}]{}", name, value.empty() || !name.starts_with("--") ? "" : "=",
                                             field(brief(option.description)), value);
      text += " \\\n        " + shell_word(spec);
    }
  }
  return text + "\n      ;;\n";
}

}  // namespace

std::string zsh_completion(const std::vector<DescribedCommand>& all) {
  std::string names, cases;
  for (const DescribedCommand& command : all) {
    if (!command.name.empty()) names += (names.empty() ? "(" : "|") + shell_word(command.name);
    cases += case_of(command, all);
  }
  return kHead + names + kMiddle + cases + kTail;
}

}  // namespace ingot::cli

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/documents/documents.h"

namespace ingot::cli {

namespace {

// Bash splits a command line at '=' too: then the option stands one word further left.
constexpr const char kHead[] = R"(# Completion of ingot for bash, made by the build from the options of the program.
_ingot() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i=1 options= words= paths=
  if [ "$before" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [ "$word" = = ]; then word=; fi
  COMPREPLY=()
  if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = help ]; then i=2; fi
  while [ "$i" -lt "$COMP_CWORD" ]; do
    case "${command:+$command }${COMP_WORDS[i]}" in
)";
constexpr const char kMiddle[] = R"() command="${command:+$command }${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
    i=$((i + 1))
  done
  case $command in
)";
constexpr const char kTail[] = R"(  esac
  if [ "${COMP_WORDS[1]}" = help ] && [ "$COMP_CWORD" -gt 1 ]; then options= paths=; fi
  case $word in -*) words=$options paths= ;; esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  if [ -n "$paths" ]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "-$paths" -- "$word")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _ingot ingot
)";

// What is set where a value of the option or the argument is completed.
std::string value_of(const DescribedOption& option) {
  std::string text = fmt::format("words='{}'", fmt::join(option.choices(), " "));
  return text + fmt::format(" paths={}", option.takes_folder() ? "d" : option.takes_file() ? "f" : "");
}

std::string case_of(const DescribedCommand& command) {
  std::string options, values, arguments;
  for (const DescribedOption& option : command.options) {
    if (option.is_positional) {
      // One rule for all arguments of a command: the first says it, which is a folder or a file almost everywhere.
      if (arguments.empty()) arguments = value_of(option);
      continue;
    }
    for (const std::string& name : option.names) options += (options.empty() ? "" : " ") + name;
    if (option.type.empty()) continue;
    values += fmt::format("        {}) {} ;;\n", fmt::join(option.names, " | "), value_of(option) + " options=");
  }
  if (!command.commands.empty())
    arguments =
        fmt::format("words='{}{}'", fmt::join(command.commands, " "), command.name.empty() ? " help version" : "");
  if (arguments.empty()) arguments = "words=$options";
  return fmt::format("    '{}')\n      options='{}'\n      case $before in\n{}        *) {} ;;\n      esac\n      ;;\n",
                     command.name, options, values, arguments);
}

}  // namespace

std::string bash_completion(const std::vector<DescribedCommand>& all) {
  std::string names, cases;
  for (const DescribedCommand& command : all) {
    if (!command.name.empty()) names += fmt::format("{}'{}'", names.empty() ? "      " : " | ", command.name);
    cases += case_of(command);
  }
  return kHead + names + kMiddle + cases + kTail;
}

}  // namespace ingot::cli

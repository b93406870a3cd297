#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "cli/documents/documents.h"

namespace ingot::cli {

namespace {

// Text as troff shows it letter by letter. A hyphen that is typed must stay the one of the keyboard.
std::string escaped(const std::string& text) {
  std::string all;
  for (const char c : text) {
    if (c == '\\') all += "\\e";
    if (c == '-') all += "\\-";
    if (c == '\'') all += "\\(aq";
    if (c == '`') all += "\\(ga";
    if (c == '^') all += "\\(ha";
    if (c == '~') all += "\\(ti";
    if (std::string_view("\\-'`^~").find(c) == std::string_view::npos) all += c;
  }
  return all.starts_with('.') ? "\\&" + all : all;
}

std::string heading_of(const DescribedOption& option) {
  if (option.is_positional) return fmt::format("\\fI{}\\fR", escaped(option.names[0]));
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(fmt::format("\\fB{}\\fR", escaped(name)));
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (!option.type.empty()) text += fmt::format(" \\fI{}\\fR", escaped(option.type));
  return text;
}

std::string paragraph(const DescribedOption& option) {
  std::string text = fmt::format(".TP\n{}\n{}.", heading_of(option), escaped(option.description));
  if (option.is_positional && !option.choices().empty())
    text += fmt::format(" One of {}.", escaped(fmt::format("{}", fmt::join(option.choices(), ", "))));
  if (option.is_required) text += " Required.";
  if (!option.is_positional && !option.preset.empty()) text += fmt::format(" Default: {}.", escaped(option.preset));
  return text + "\n";
}

std::string synopsis(const DescribedCommand& command) {
  std::string text = fmt::format(".B ingot {}\n", escaped(command.name));
  if (command.name.empty()) text = ".B ingot\n";
  if (!command.commands.empty()) return text + "\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n";
  text += "[\\fIOPTIONS\\fR]";
  for (const DescribedOption& option : command.options) {
    if (!option.is_positional) continue;
    const std::string word = heading_of(option) + (option.is_repeatable ? "..." : "");
    text += option.is_required ? " " + word : fmt::format(" [{}]", word);
  }
  return text + "\n";
}

std::string options_of(const DescribedCommand& command) {
  std::string text, group;
  for (const DescribedOption& option : command.options) {
    const std::string now = option.is_positional ? "Arguments" : option.group;
    if (now != group) text += fmt::format(".SS {}\n", escaped(now));
    group = now;
    text += paragraph(option);
  }
  return ".SH OPTIONS\n" + text;
}

std::string commands_of(const DescribedCommand& command, const std::vector<DescribedCommand>& all) {
  std::string text;
  for (const DescribedCommand& other : all) {
    const std::string before = command.name.empty() ? "" : command.name + " ";
    if (other.name.empty() || !other.name.starts_with(before)) continue;
    text += fmt::format(".TP\n.BR {} (1)\n{}\n", escaped(page_name(other)), escaped(other.description));
  }
  return text.empty() ? "" : ".SH COMMANDS\n" + text;
}

// The commands of an example as they are typed, all else as text.
std::string footer_of(const DescribedCommand& command) {
  std::string text = command.commands.empty() ? ".SH EXAMPLES\n" : ".SH NOTES\n";
  std::istringstream lines(command.footer);
  for (std::string line; std::getline(lines, line);) {
    if (line == "Example:") continue;
    const bool is_typed = line.starts_with("  ");
    text += is_typed ? fmt::format(".EX\n{}\n.EE\n", escaped(line.substr(2))) : escaped(line) + "\n.br\n";
  }
  if (text.ends_with(".br\n")) text.erase(text.size() - 4);
  return command.footer.empty() ? "" : text;
}

}  // namespace

std::string page_name(const DescribedCommand& command) {
  std::string name = command.name.empty() ? "ingot" : "ingot-" + command.name;
  for (char& c : name) c = c == ' ' ? '-' : c;
  return name;
}

std::string man_page(const DescribedCommand& command, const std::vector<DescribedCommand>& all,
                     const std::string& version) {
  std::string title = page_name(command);
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string text = fmt::format(".\\\" Made by the build from the options of the program.\n");
  text += fmt::format(".TH {} 1 \"\" \"ingot {}\" \"ingot\"\n", escaped(title), version);
  text += fmt::format(".SH NAME\n{} \\- {}\n", escaped(page_name(command)), escaped(command.description));
  text += ".SH SYNOPSIS\n" + synopsis(command) + commands_of(command, all) + options_of(command) + footer_of(command);
  if (command.name.empty()) return text;
  text += ".SH EXIT STATUS\n0 done, 1 failed at work, 2 wrong use or wrong input, 130 stopped by the user.\n";
  return text + ".SH SEE ALSO\n.BR ingot (1)\n";
}

}  // namespace ingot::cli

#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace ingot::cli {

namespace {

constexpr std::size_t kColumns = 80, kLeft = 28;  // kLeft: where explanations begin

// Words of `text` in lines of at most kColumns, those behind the first indented. `used`: columns of the first line that
// are taken. A word that is longer than a line is cut.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t used, const char* line_end = "\n") {
  const std::size_t reserved = std::string_view(line_end).size() - 1;
  std::string all;
  std::size_t column = used;
  bool is_first = true;
  std::istringstream words(text);
  for (std::string word; words >> word; is_first = false) {
    if (!is_first && column + 1 + word.size() + reserved <= kColumns) {
      all += ' ';
      ++column;
    } else if (!is_first) {
      all += line_end + std::string(indent, ' ');
      column = indent;
    }
    while (column + word.size() + reserved > kColumns) {
      const std::size_t room = kColumns - column - reserved;
      all += word.substr(0, room) + line_end + std::string(indent, ' ');
      word.erase(0, room);
      column = indent;
    }
    all += word;
    column += word.size();
  }
  return all;
}

std::string row(const std::string& name, const std::string& explanation) {
  std::string left = wrapped("  " + name, 6, 2);
  left.insert(0, "  ");
  const std::size_t width = left.size() - (left.rfind('\n') + 1);  // of its last line
  if (explanation.empty()) return left + "\n";
  const bool fits = width + 2 <= kLeft;
  left += fits ? std::string(kLeft - width, ' ') : "\n" + std::string(kLeft, ' ');
  return left + wrapped(explanation, kLeft, kLeft) + "\n";
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* command, std::string name, CLI::AppFormatMode mode) const override {
    return make_description(command) + make_usage(command, std::move(name)) + make_positionals(command) +
           grouped_options(command) + make_subcommands(command, mode) + "\n" + make_footer(command);
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return row(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return row(command->get_name(), command->get_description());
  }

  std::string make_description(const CLI::App* command) const override {
    return wrapped(command->get_description(), 0, 0) + "\n";
  }

  std::string make_usage(const CLI::App* command, std::string name) const override {
    return wrapped(CLI::Formatter::make_usage(command, std::move(name)), 4, 0) + "\n";
  }

  // Lines that begin with spaces are commands: they are broken so that a shell reads them as one.
  std::string make_footer(const CLI::App* command) const override {
    std::string all;
    std::istringstream lines(command->get_footer());
    for (std::string line; std::getline(lines, line);) {
      const bool is_command = line.starts_with("  ");
      if (line.size() <= kColumns) {
        all += line + "\n";
      } else if (is_command) {
        all += "  " + wrapped(line, 6, 2, " \\\n") + "\n";
      } else {
        all += wrapped(line, 0, 0) + "\n";
      }
    }
    return all;
  }

 private:
  // What every command has comes last.
  std::string grouped_options(const CLI::App* command) const {
    std::vector<std::string> groups = command->get_groups();
    std::stable_partition(groups.begin(), groups.end(), [](const std::string& name) { return name != kCommonGroup; });
    std::string all;
    for (const std::string& name : groups) {
      const auto options = command->get_options(
          [&](const CLI::Option* option) { return option->get_group() == name && option->nonpositional(); });
      if (!options.empty()) all += make_group(name, false, options);
    }
    return all;
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

}  // namespace ingot::cli

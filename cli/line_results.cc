#include "cli/line_results.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"
#include "engine/io/json.h"

namespace ingot::cli {
namespace {

constexpr std::size_t kMostShown = 20;  // faults

}  // namespace

std::vector<InputLine> words_as_lines(const std::vector<std::string>& words) {
  std::vector<InputLine> lines;
  for (const std::string& text : words) {
    engine::require(engine::find_invalid_utf8(text) == std::string::npos, "text {}: must be UTF-8, got '{}'",
                    lines.size() + 1, engine::printable(text, 40));
    lines.push_back({.number = lines.size() + 1, .text = text});
  }
  return lines;
}

// Tabs and line ends are the table's own.
std::string table_for_terminal(std::string_view lines) {
  std::string shown;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find_first_of("\t\n"), lines.size());
    shown += engine::printable(lines.substr(0, end));
    if (end < lines.size()) shown += lines[end];
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return shown;
}

void print_table(std::string_view lines) {
  if (::isatty(STDOUT_FILENO) == 1) return print_out(table_for_terminal(lines));
  print_out(lines);
}

void LineResults::add(const std::string& line, const engine::Json& object) {
  if (json_) {
    pending_ += n_results_ == 0 ? fmt::format("{{\"{}\":[", key_) : ",";
    pending_ += json_line(object);
    pending_.pop_back();  // the line goes on
  } else {
    pending_ += line + "\n";
  }
  ++n_results_;
}

void LineResults::add_fault(const InputLine& input, const std::string& line) {
  const std::string fault = fmt::format("line {}: {}", input.number, input.fault);
  add(line, {{"error", input.fault}});
  if (n_faults_ == 0) first_fault_ = fault;
  if (++n_faults_ > kMostShown) return;
  std::fputs(fmt::format("ingot: {}\n", engine::printable(fault)).c_str(), stderr);
  if (n_faults_ == kMostShown) std::fputs("ingot: further lines that cannot be used are only counted\n", stderr);
}

void LineResults::flush() {
  print_out(pending_);
  pending_.clear();
}

void LineResults::finish(const Command& command, const Common& common, engine::Json result) {
  if (json_) {
    if (n_results_ == 0) pending_ = fmt::format("{{\"{}\":[", key_);
    pending_ += "]," + json_line(with_usage(command, common, std::move(result))).substr(1);
  }
  flush();
  engine::require(n_faults_ == 0, "{} of {} lines could not be used; the first: {}", n_faults_, n_results_,
                  first_fault_);
}

}  // namespace ingot::cli

// ingot format: what number formats there are, the numbers of one, and what it makes of numbers.
#include "compress/formats/format.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>

#include "cli/command.h"
#include "cli/commands.h"
#include "engine/base/error.h"
#include "pipeline/formats.h"

namespace ingot::cli {
namespace {

using engine::require;

float parse_number(const std::string& line, std::size_t line_number) {
  const auto first = std::min(line.find_first_not_of(" \t+"), line.size());
  const auto last = line.find_last_not_of(" \t\r");
  const std::string_view word = last == std::string::npos ? "" : std::string_view(line).substr(first, last + 1 - first);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  require(!word.empty() && error == std::errc() && end == word.data() + word.size(),
          "standard input: line {}: must be a number, got '{}'", line_number, line);
  require(!std::isfinite(value) || std::abs(value) <= double{std::numeric_limits<float>::max()},
          "standard input: line {}: must be a float32, at most 3.4028235e38, got {}", line_number, line);
  return static_cast<float>(value);
}

std::vector<float> numbers_of_standard_input() {
  std::vector<float> numbers;
  if (::isatty(STDIN_FILENO) != 0) return numbers;
  for (std::string line; std::getline(std::cin, line);) numbers.push_back(parse_number(line, numbers.size() + 1));
  return numbers;
}

void run_format(const pipeline::FormatOptions& o, std::uint64_t seed, const pipeline::Finish& finish) {
  compress::parse_mode(o.mode);
  if (o.format.empty()) return pipeline::list_formats(finish);
  compress::parse_format(o.format);  // before numbers are waited for
  const std::vector<float> numbers = numbers_of_standard_input();
  numbers.empty() ? pipeline::describe_format(o, finish) : pipeline::quantize_numbers(o, numbers, seed, finish);
}

}  // namespace

void add_format(Command& program) {
  Command& command = program.add_subcommand(
      "format", "list number formats, describe one, or round the numbers on standard input to it");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::FormatOptions>();
  command.add_option("format", o->format, "a format such as fixed(8,4); default: list all").type_name("FORMAT");
  command.add_option("--mode", o->mode, "standard: the nearest number; mase: what MASE computes")
      .type_name("standard|mase");
  command
      .add_option("--shape", o->shape,
                  "shape of the tensor that the numbers fill, for formats with blocks; default: one row")
      .type_name("R,C");
  set_action(command, "printf '0.3\\n-1.7\\n' | ingot format 'minifloat(8,e4)'", common,
             [&command, o, common] { run_format(*o, common->seed, finisher(command, *common, {})); });
}

}  // namespace ingot::cli

// Results of lines of input, printed one by one: a line of output each, or with --json one object that grows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/line_stream.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::cli {

// Words of the command line in the place of lines. Throws Error, before any work, for one that is not UTF-8.
std::vector<InputLine> words_as_lines(const std::vector<std::string>& words);

// What is wrong by the Error that work() throws; empty: nothing.
template <class Work>
std::string fault_of(const Work& work) {
  try {
    work();
    return {};
  } catch (const engine::Error& error) {
    return error.what();
  }
}

// Prints lines of a table as they are; on a terminal without what it would obey.
void print_table(std::string_view lines);
std::string table_for_terminal(std::string_view lines);

class LineResults {
 public:
  // `key`: of the array of results in the JSON object.
  LineResults(bool json, std::string key) : json_(json), key_(std::move(key)) {}

  // The next result: `line` (without its end), or with --json the object.
  void add(const std::string& line, const engine::Json& object);

  // A line of input that cannot be used: its number and fault on standard error, and `line` or {"error": fault} in its
  // place among the results.
  void add_fault(const InputLine& input, const std::string& line);

  // Prints what was added.
  void flush();

  // Prints it, and ends the JSON object with the rest of the result. Throws Error if lines could not be used.
  void finish(const Command& command, const Common& common, engine::Json result);

 private:
  bool json_;
  std::string key_;
  std::size_t n_results_ = 0, n_faults_ = 0;
  std::string first_fault_;
  std::string pending_;  // output
};

}  // namespace ingot::cli

#include "cli/data_options.h"

#include <fmt/format.h>

#include "cli/command.h"

namespace ingot::cli {
namespace {

void add_text(Command& command, pipeline::DataOptions& o) {
  command.add_option(
      "--text", o.text,
      "column of the texts (a+b: two, joined); default: text, sentence, review, content or another usual "
      "name");
}

void add_pair(Command& command, pipeline::DataOptions& o) {
  command.add_option("--pair", o.pair,
                     "column of the second text of a pair; default: none, or premise and hypothesis, question1 and "
                     "question2 or another usual pair");
}

void add_separator_and_limit(Command& command, pipeline::DataOptions& o) {
  command.add_option("--separator", o.separator,
                     "character between fields, or the word tab; default: the one that fits the header");
  command
      .add_option("--data-limit", o.data_limit,
                  "largest size of the unpacked data in MiB; 0: 4096, or half of the memory if that is less")
      .range(0, 1 << 24);
}

}  // namespace

Option add_data_options(Command& command, pipeline::DataOptions& o, const std::string& help) {
  command.group("Data");
  Option data = command.add_option("--data", o.data, help);
  add_text(command, o);
  add_pair(command, o);
  command.add_option("--label", o.label,
                     "column of the labels (a,b: several, each learned); default: label, sentiment, class or another "
                     "usual name");
  add_separator_and_limit(command, o);
  return data;
}

void add_table_options(Command& command, pipeline::DataOptions& o, const std::string& help, bool has_pairs) {
  command.group("Data");
  command.add_option("--data", o.data, help);
  add_text(command, o);
  if (has_pairs) add_pair(command, o);
  add_separator_and_limit(command, o);
}

}  // namespace ingot::cli

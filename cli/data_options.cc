#include "cli/data_options.h"

#include <fmt/format.h>

#include "cli/command.h"

namespace ingot::cli {

Option add_data_options(Command& command, pipeline::DataOptions& o, const std::string& help) {
  command.group("Data");
  Option data = command.add_option("--data", o.data, help);
  command.add_option(
      "--text", o.text,
      "column of the texts (a+b: two, joined); default: text, sentence, review, content or another usual "
      "name");
  command.add_option("--label", o.label,
                     "column of the labels; default: label, sentiment, class or another usual name");
  command.add_option("--separator", o.separator,
                     "of fields: one character, or tab; default: what makes sense of the header");
  command
      .add_option("--data-limit", o.data_limit,
                  "MiB that the data may have, unpacked; 0: 4096, or half of the memory if that is less")
      .range(0, 1 << 24);
  return data;
}

}  // namespace ingot::cli

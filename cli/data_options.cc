#include "cli/data_options.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "data/source.h"
#include "engine/base/error.h"

namespace ingot::cli {
namespace {

// What --data takes: a path, or a word for data that needs none.
std::string data_type() {
  std::string type = "PATH";
  for (const std::string_view word : data::source_words()) type += fmt::format("|{}", word);
  return type;
}

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

void add_parts(Command& command, pipeline::DataOptions& o, const DataUse& use) {
  command
      .add_option("--train", o.train_file,
                  "file of the training texts, in place of --data; the other parts are files of their own")
      .type_name("FILE");
  const std::string file = "file of the validation texts, beside --train";
  if (use.n_held_out == nullptr) {
    command.add_option("--validation", o.validation_file, file).type_name("FILE");
  } else {
    command.add_option(
        "--validation", *use.n_held_out, o.validation_file,
        fmt::format("training texts held out {} (negative: a tenth, at most 2,500), or {}", use.held_out, file));
  }
  command.add_option("--test", o.test_file, "file of the test texts, beside --train").type_name("FILE");
  command.add_check([&o, is_required = use.is_required] {
    engine::require(!is_required || has_data(o) || !o.validation_file.empty() || !o.test_file.empty(),
                    "--data is required, or --train FILE");
    check_data(o);
  });
}

}  // namespace

void add_data_options(Command& command, pipeline::DataOptions& o, const DataUse& use) {
  command.group("Data");
  command.add_option("--data", o.data, use.help).type_name(data_type());
  add_parts(command, o, use);
  add_text(command, o);
  add_pair(command, o);
  command.add_option("--label", o.label,
                     "column of the labels (a,b: several, each learned); default: label, sentiment, class or another "
                     "usual name");
  add_separator_and_limit(command, o);
}

void add_table_options(Command& command, pipeline::DataOptions& o, const std::string& help, bool has_pairs) {
  command.group("Data");
  command.add_option("--data", o.data, help).type_name("FILE");
  add_text(command, o);
  if (has_pairs) add_pair(command, o);
  add_separator_and_limit(command, o);
}

}  // namespace ingot::cli

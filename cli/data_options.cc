#include "cli/data_options.h"

#include <fmt/format.h>

#include "cli/command.h"

namespace ingot::cli {

Option add_data_options(Command& command, DataOptions& o, const std::string& help) {
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

std::unique_ptr<data::Source> open_data(const DataOptions& o) {
  auto source = data::open_source(o.data, {.text = o.text,
                                           .label = o.label,
                                           .separator = o.separator,
                                           .most_bytes = static_cast<std::uint64_t>(o.data_limit) << 20});
  say_notes(source->notes());
  return source;
}

std::vector<std::string> reading_words(const DataOptions& o) {
  std::vector<std::string> words;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("{}={}", name, value));
  };
  add("--text", o.text);
  add("--label", o.label);
  add("--separator", o.separator);
  add("--data-limit", o.data_limit > 0 ? std::to_string(o.data_limit) : "");
  return words;
}

void say_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) say("note: " + note);
}

}  // namespace ingot::cli

#include "pipeline/data.h"

#include <fmt/format.h>

#include "engine/base/progress.h"

namespace ingot::pipeline {

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
  for (const std::string& note : notes) engine::say("note: " + note);
}

}  // namespace ingot::pipeline

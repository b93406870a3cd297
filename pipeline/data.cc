#include "pipeline/data.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/progress.h"

namespace ingot::pipeline {
namespace {

using engine::require;

constexpr std::int64_t kMostValidation = 2500;

std::size_t validation_size(std::int64_t wanted, std::size_t n) {
  const auto rule = std::min<std::int64_t>(kMostValidation, static_cast<std::int64_t>(n) / 10);
  const std::int64_t size = wanted >= 0 ? wanted : std::max<std::int64_t>(1, rule);
  require(size >= 1 && size < static_cast<std::int64_t>(n), "--validation: must be between 1 and {}, got {}",
          static_cast<std::int64_t>(n) - 1, size);
  return static_cast<std::size_t>(size);
}

}  // namespace

bool has_data(const DataOptions& o) { return !data_name(o).empty(); }

std::string data_name(const DataOptions& o) { return o.train_file.empty() ? o.data : o.train_file; }

void check_data(const DataOptions& o) {
  require(o.data.empty() || o.train_file.empty(), "--train: is the training part of the data; --data {} has its own",
          o.data);
  for (const auto& [option, file] : {std::pair("--validation", &o.validation_file), {"--test", &o.test_file}}) {
    require(file->empty() || !o.train_file.empty(), "{}: a file is a part beside --train FILE, {}, got '{}'", option,
            o.data.empty() ? "which says what there is to learn" : "not beside --data, which has its own parts", *file);
  }
}

std::unique_ptr<data::Source> open_data(const DataOptions& o) {
  check_data(o);
  const data::ReadingOptions reading{.text = o.text,
                                     .pair = o.pair,
                                     .label = o.label,
                                     .separator = o.separator,
                                     .answers = o.answers,
                                     .most_bytes = static_cast<std::uint64_t>(o.data_limit) << 20};
  auto source = o.train_file.empty() ? data::open_source(o.data, reading)
                                     : data::open_parts({o.train_file, o.validation_file, o.test_file}, reading);
  say_notes(source->notes());
  return source;
}

std::vector<std::string> reading_words(const DataOptions& o) {
  std::vector<std::string> words;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("{}={}", name, value));
  };
  add("--validation", o.validation_file);
  add("--test", o.test_file);
  add("--text", o.text);
  add("--pair", o.pair);
  add("--label", o.label);
  add("--separator", o.separator);
  add("--data-limit", o.data_limit > 0 ? std::to_string(o.data_limit) : "");
  return words;
}

data::Split training_split(const LabelledTexts& texts, std::int64_t n_validation, std::uint64_t seed) {
  require(texts.n_labels >= 2, "{}: training needs at least two labels, found {}", texts.source, texts.n_labels);
  if (texts.n_own_validation > 0) {
    require(n_validation < 0, "--validation: {} has {} validation texts of its own; none can be held out", texts.source,
            texts.n_own_validation);
    return data::hold_out(texts.labels, 0, seed);
  }
  require(texts.labels.size() >= 2, "{}: training needs at least two texts, one to validate by, found {}", texts.source,
          texts.labels.size());
  return data::hold_out(texts.labels, validation_size(n_validation, texts.labels.size()), seed);
}

void say_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) engine::say("note: " + note);
}

}  // namespace ingot::pipeline

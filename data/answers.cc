#include "data/answers.h"

#include <cmath>
#include <utility>

#include "data/spellings.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::data {
using engine::fail;
using engine::require;

namespace {

// Labels of a part, spelled otherwise than in the training part, that are remembered for a note.
constexpr std::size_t kMostMatches = 10;

float number_of(const std::string& text, const std::string& column, const std::string& file, std::size_t line) {
  const std::optional<double> value = as_number(text);
  if (!value && means_missing(text)) fail("{}: line {}: {} must be a number, is missing: {}", file, line, column, text);
  require(value.has_value(), "{}: line {}: {} must be a number, got '{}'", file, line, column, engine::excerpt(text));
  require(std::isfinite(*value) && std::abs(*value) <= 1e30, "{}: line {}: {} must be within 1e30 of zero, got {}",
          file, line, column, engine::excerpt(text));
  return static_cast<float>(*value);
}

}  // namespace

AnswerTable::AnswerTable(std::vector<std::string> columns, std::optional<Answers> asked)
    : columns_(std::move(columns)), asked_(asked) {
  for (std::string& column : columns_) column = engine::printable(column, 100);
}

void AnswerTable::see(const Row& row, const std::string& file) {
  if (n_rows_++ == 0) {
    has_list_ = row.is_list;
    has_words_ = !row.word_ends.empty();
  }
  check_list(row, file);
  if (row.is_list) {
    for (const std::string& label : row.labels) table_.add(label, file, row.line);
  } else if (columns_.size() == 1 && (!asked_ || asked_ == Answers::label)) {
    table_.add(row.labels.front(), file, row.line);
  } else {
    for (const std::string& label : row.labels) all_booleans_ = all_booleans_ && as_boolean(label).has_value();
  }
}

Answers AnswerTable::decided() const {
  if (columns_.empty() || asked_ == Answers::none) return Answers::none;
  if (has_words_) return Answers::tags;
  if (has_list_) return Answers::labels;
  if (asked_ == Answers::labels || asked_ == Answers::numbers) return *asked_;
  if (columns_.size() > 1) return all_booleans_ ? Answers::labels : Answers::numbers;
  return !asked_ && table_.is_quantity() ? Answers::numbers : Answers::label;
}

void AnswerTable::finish(const std::string& file) {
  answers_ = decided();
  require(!asked_ || *asked_ == answers_, "{}: column{} {} {} read as {}, not as {}", file,
          columns_.size() == 1 ? "" : "s", fmt::join(columns_, ", "), columns_.size() == 1 ? "is" : "are",
          name(answers_), asked_ ? name(*asked_) : "");
  const bool by_column = answers_ == Answers::numbers || (answers_ == Answers::labels && !has_list_);
  if (by_column) {
    names_ = columns_;
  } else if (answers_ != Answers::none) {
    names_ = table_.finish();
  }
}

std::vector<std::string> AnswerTable::notes() const {
  std::vector<std::string> all = table_.notes();
  if (!asked_ && answers_ == Answers::numbers)
    all.push_back(fmt::format("{} numbers: a quantity is learned (regression), no class",
                              columns_.size() == 1 ? "labels are real" : "columns of labels are"));
  return all;
}

// Words and lists are so in all rows or in none.
void AnswerTable::check_list(const Row& row, const std::string& file) const {
  if (columns_.empty()) return;
  require(has_words_ == !row.word_ends.empty(), "{}: line {}: must be {} as in the first row, got {}", file, row.line,
          has_words_ ? "a list of words" : "a text", has_words_ ? "a text" : "a list of words");
  require(has_list_ == row.is_list, "{}: line {}: {} must be {} as in the first row, got {}", file, row.line,
          columns_.front(), has_list_ ? "a list" : "one label", has_list_ ? "one label" : "a list");
  require(!has_words_ || has_list_, "{}: line {}: a list of words must have a list of tags, got one label", file,
          row.line);
  require(!has_words_ || row.labels.size() == row.word_ends.size(),
          "{}: line {}: each word must have a tag, got {} words and {} tags", file, row.line, row.word_ends.size(),
          row.labels.size());
}

void AnswerTable::give(const Row& row, const std::string& file, Example& example) {
  check_list(row, file);
  switch (answers_) {
    case Answers::none:
      return;
    case Answers::label:
      example.label = known(row.labels.front(), file, row.line);
      return;
    case Answers::tags:
      return give_tags(row, file, example);
    case Answers::labels:
      return has_list_ ? give_list(row, file, example) : give_columns(row, file, example);
    case Answers::numbers:
      return give_columns(row, file, example);
  }
}

std::int32_t AnswerTable::known(const std::string& label, const std::string& file, std::size_t line) {
  const std::int32_t number = table_.find(label);
  require(number >= 0, "{}: line {}: a label must be one of the {} of the training part, got '{}'", file, line,
          names_.size(), engine::excerpt(label));
  const std::string& name = names_[static_cast<std::size_t>(number)];
  if (label != name && matches_.size() <= kMostMatches) matches_.emplace(label, name);
  return number;
}

void AnswerTable::give_list(const Row& row, const std::string& file, Example& example) {
  example.numbers.assign(names_.size(), 0);
  for (const std::string& label : row.labels)
    example.numbers[static_cast<std::size_t>(known(label, file, row.line))] = 1;
}

void AnswerTable::give_columns(const Row& row, const std::string& file, Example& example) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (answers_ == Answers::numbers) {
      example.numbers.push_back(number_of(row.labels[i], names_[i], file, row.line));
      continue;
    }
    const std::optional<Boolean> value = as_boolean(row.labels[i]);
    require(value.has_value(), "{}: line {}: {} must be 0 or 1, got '{}'", file, row.line, names_[i],
            engine::excerpt(row.labels[i]));
    example.numbers.push_back(value->value ? 1.0f : 0.0f);
  }
}

void AnswerTable::give_tags(const Row& row, const std::string& file, Example& example) {
  for (std::size_t i = 0; i < row.word_ends.size(); ++i)
    example.words.push_back({row.word_ends[i], known(row.labels[i], file, row.line)});
}

std::map<std::string, std::string> AnswerTable::take_matches() { return std::exchange(matches_, {}); }

}  // namespace ingot::data

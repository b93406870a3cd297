// What the labels of a table are read as: classes, several classes, numbers, or a tag for each word. The training part
// decides; the other parts follow.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/labels.h"
#include "data/table.h"

namespace ingot::data {

class AnswerTable {
 public:
  // `columns`: names of the columns of labels. `asked`: what the user wants them read as; empty: what they are.
  AnswerTable(std::vector<std::string> columns, std::optional<Answers> asked);

  // First every row of the training part is seen, then finish() decides:
  // - words with a list: tags;
  // - a list: labels;
  // - several columns: labels if all are booleans, else numbers;
  // - one column: numbers if some are not whole (and all are numbers), else label.
  // Throws Error naming file, line and rule for what cannot be read as that.
  void see(const Row& row, const std::string& file);
  void finish(const std::string& file);

  Answers answers() const { return answers_; }
  const std::vector<std::string>& names() const { return names_; }  // CorpusFacts::label_names
  std::vector<std::string> notes() const;

  // Gives the example the answers of a row of any part. Throws Error for a label that the training part lacks, and for
  // what is no answer of this kind.
  void give(const Row& row, const std::string& file, Example& example);

  // Labels of a part that are other spellings of those of the training part, from the last call on.
  std::map<std::string, std::string> take_matches();

 private:
  Answers decided() const;
  std::int32_t known(const std::string& label, const std::string& file, std::size_t line);
  void give_list(const Row& row, const std::string& file, Example& example);
  void give_columns(const Row& row, const std::string& file, Example& example);
  void give_tags(const Row& row, const std::string& file, Example& example);
  void check_list(const Row& row, const std::string& file) const;

  std::vector<std::string> columns_;
  std::optional<Answers> asked_;
  Answers answers_ = Answers::none;
  bool has_list_ = false, has_words_ = false, all_booleans_ = true;
  std::size_t n_rows_ = 0;
  LabelTable table_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> matches_;
};

}  // namespace ingot::data

// What a head says about one text, in its own terms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bert/config.h"
#include "engine/io/json.h"

namespace ingot::bert {

// The predictions for one text. Of a head with Rows::tokens a row is about a word.
struct Prediction {
  const Config& config;
  std::span<const float> values;                // [rows, n_outputs] as Head::predictions gives them
  std::span<const std::string> words = {};      // all words of the text
  std::span<const std::size_t> row_words = {};  // [rows] index of the word that a row is about, ascending; words beyond
                                                // the length have none
};

// What is said beside the answer itself, by heads with labels of texts.
struct Detail {
  std::int64_t top_k = 0;      // labels and probabilities of so many likeliest labels; 0: of none
  bool probabilities = false;  // those of all labels
  bool lists = false;          // values of columns may be lists
};

struct Answer {
  std::string line;   // printable, for people and shells
  engine::Json json;  // an object
};

// A value under a name: a column of a table.
struct AnswerColumn {
  std::string name;
  engine::Json value;
};

// The labels by their probabilities: the indices of the `k` largest, of equal ones the first.
std::vector<std::size_t> likeliest(std::span<const float> probabilities, std::int64_t k);

// Labels and probabilities of the k likeliest: as "label<TAB>0.1234<TAB>label<TAB>...", as a list of objects with label
// and probability, as columns label_2, probability_2 and so on, from the rank `first` on.
std::string likeliest_line(const Prediction& prediction, std::int64_t k);
engine::Json likeliest_json(const Prediction& prediction, std::int64_t k);
void add_likeliest_columns(const Prediction& prediction, std::int64_t k, std::int64_t first,
                           std::vector<AnswerColumn>& columns);

// The probabilities of all labels: an object by label, and columns p(LABEL).
engine::Json probabilities_json(const Prediction& prediction);
void add_probability_columns(const Prediction& prediction, std::vector<AnswerColumn>& columns);

// The number that is written with as few digits as give the same float.
engine::Json short_number(float value);

}  // namespace ingot::bert

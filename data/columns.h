// Which column of a table is the text and which the label: by the user's word, else by their usual names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/source.h"

namespace ingot::data {

// required: a row without a label is an Error. optional: the table may have no column of labels. ignored: labels are
// not read.
enum class Labels { required, optional, ignored };

struct Columns {
  std::vector<std::size_t> text;     // joined with a blank
  std::optional<std::size_t> label;  // none where labels are ignored
  std::string note;                  // what was chosen and what is not used; empty if there is nothing to say
};

// Chooses among `names`. A name the user gives must be there, as written or else in any case and without blanks around
// it. Otherwise `text` wins, then one of the usual names (sentence, review, ...; case, blanks, - and _ do not matter).
// Throws Error beginning with `where` if there is none, if several would do, and for columns that make pairs of texts,
// which are not supported.
Columns choose_columns(const std::vector<std::string>& names, const ReadingOptions& options, Labels labels,
                       const std::string& where);

// How many of the two, text and label, are among `names`: to tell a right separator from a wrong one.
int n_recognised(const std::vector<std::string>& names, const ReadingOptions& options, Labels labels);

}  // namespace ingot::data

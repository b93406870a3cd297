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
  std::vector<std::size_t> text;      // joined with a blank
  std::optional<std::size_t> second;  // of the second texts of pairs
  std::vector<std::size_t> labels;    // several: one answer each; none where labels are ignored
  std::string note;                   // what was chosen and what is not used; empty if there is nothing to say
};

// Chooses among `names`. A name the user gives must be there, as written or else in any case and without blanks around
// it. Otherwise `text` wins, then one of the usual names (sentence, review, ...; case, blanks, - and _ do not matter).
// Two columns with usual names of pairs (premise and hypothesis, question1 and question2 ...) are a pair. A table of
// pairs needs no column of labels: the texts of a pair belong together. Throws Error beginning with `where` if there is
// no such column, or if several would do.
Columns choose_columns(const std::vector<std::string>& names, const ReadingOptions& options, Labels labels,
                       const std::string& where);

// How many of the two, text and label, are among `names`: to tell a right separator from a wrong one.
int n_recognised(const std::vector<std::string>& names, const ReadingOptions& options, Labels labels);

}  // namespace ingot::data

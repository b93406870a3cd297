// The number formats that a search chooses from, tensor by tensor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bert/model.h"
#include "search/history/distribution.h"

namespace ingot::pipeline {

// A parameter of a format, with the items it is chosen from.
struct FormatAxis {
  std::string name;
  std::vector<search::Choice> items;
  bool has_order = true;  // neighbours are alike
};

// A format with places for its parameters, as in "fixed({width},{frac})".
struct FormatSpace {
  std::string name, notation;
  std::vector<FormatAxis> axes;
};

// The formats of a list such as "fixed,block_fp": widths and fraction widths of fixed as given, with "calibrated" among
// the latter, the others' as this file lists them. Throws Error for an unknown name, or a combination that is no
// format.
std::vector<FormatSpace> format_spaces(const std::string& formats, const std::string& widths, const std::string& fracs);

// A layer or table whose format is searched.
struct SearchedTensor {
  std::string layer;  // as compression names it
  std::string name;   // in parameters: without "bert." and "encoder."
  bool is_table = false;
};
std::vector<SearchedTensor> searched_tensors(bert::Model& model, bool embeddings);

// Gives the value of a parameter: a trial's suggestion, or what a trial had.
using Pick = std::function<double(const std::string& name, const search::Distribution& distribution)>;

// The format of the tensor in the notation of plans. Several formats are chosen among first, and then have parameters
// of their own.
std::string pick_format(const SearchedTensor& tensor, const std::vector<FormatSpace>& spaces, const Pick& pick);

// Every parameter with its items, for a grid; throws Error if there are several formats.
std::vector<std::pair<std::string, std::vector<search::Choice>>> grid_of(const std::vector<SearchedTensor>& tensors,
                                                                         const std::vector<FormatSpace>& spaces);

}  // namespace ingot::pipeline

// A small classifier trained for some steps on real text, and a batch of that text.
#pragma once

#include "bert/model.h"
#include "compress/compression.h"

namespace ingot::test {

struct TrainedModel {
  bert::Model model;
  bert::Input input;   // texts of different lengths
  std::string source;  // of the texts
};

// Trained at the first call, on reviews of IMDb where INGOT_DATA has them, else on the glosses of WordNet.
const TrainedModel& trained_model();

// A compression of every Linear to fixed point: widths, rounding, and fraction bits with which the largest number just
// fits, for inputs measured on trained_model().
struct FixedSetting {
  int input_width = 8, weight_width = 8;
  std::string rounding = "nearest_even";
  bool per_channel = true;
  int bias_width = 0;  // 0: float
  std::string input_name = "fixed", weight_name = "fixed";
};
compress::Compression fixed_compression(const FixedSetting& setting);

}  // namespace ingot::test

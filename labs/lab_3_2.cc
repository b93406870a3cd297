// Lab 3.2: a search for each number format.
//
// The question: how good is each number format at its best? Formats have parameters (widths, exponents, blocks), and a
// poor choice of these would be blamed on the format. So every format gets a search of its own over the parameters of
// all Linear layers, and the formats are ranked by the best model of each search.
//
// As in MASE's lab a search has ten trials without training. That is little for so many parameters: a rank tells what
// a format reaches with little effort, not its limit.
#include <fmt/format.h>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

// MASE's best accuracies; where it says ".876 to .877" of several, the first.
struct Study {
  const char *format, *title;
  double published;  // 0: none
  bool with_inputs = true;
};
constexpr Study kStudies[] = {
    {"fixed", "integer", .876},
    {"minifloat_denorm", "minifloat denorm", .876},
    {"minifloat", "minifloat IEEE", .876},
    {"block_fp", "block FP", .876},
    {"block_minifloat", "block minifloat", 0},
    {"block_log", "block log", .876},
    {"log", "log", .794},
    {"mx", "microscaling", 0},
    {"binary", "binary scaling", .876, false},
    {"binary_residual", "binary residual sign", .868, false},
    {"ternary", "ternary", 0, false},
};

}  // namespace

std::vector<Row> rows_3_2(const Setup& setup) {
  std::vector<Row> rows{float_row(setup), ngram_row(setup)};
  for (const Study& study : kStudies) {
    std::string name = study.format;
    for (char& c : name) c = c == '_' ? '-' : c;
    Row row{.name = name,
            .title = study.title,
            .commands = {"search mixed {float} --format " + std::string(study.format) +
                         (study.with_inputs ? "" : " --inputs fixed(8,calibrated)") +
                         fmt::format(" --length {} --batch {} --trials {} --startup 4", setup.recipe.length,
                                     setup.recipe.batch, setup.recipe.trials) +
                         " --data {data} --seed {seed} --out {here}"},
            .is_shared = true,
            .series = study.title};
    if (study.published > 0) row.reference = study.published;
    if (study.published == .876 && study.with_inputs) row.asked = {{.accuracy = -0.006, .than = "float"}};
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> notes_3_2() {
  return {
      "Reference: MASE's best of ten trials each; it reports .876 to .877 for several formats (.876 here), and .778 "
      "for "
      "binary without a scale.",
      "Each of the 14 Linears gets parameters of its own: widths, exponents, blocks, levels, scales. Inputs are in the "
      "format of the weights, but 8 calibrated bits where weights are signs. Calibrated, not trained.",
      "Ten trials, the first four at random. Validation texts choose; the ranking is by test texts.",
  };
}

}  // namespace ingot::labs

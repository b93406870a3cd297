// Lab 3.2: a search for each number format.
//
// The question: how good is each number format at its best? Formats have parameters (widths, exponents, blocks), and a
// poor choice of these would be blamed on the format. So every format gets a search of its own over the parameters of
// all Linear layers, and the formats are ranked by the best model of each search.
//
// As in MASE's lab a search has ten trials without training. That is little for so many parameters: a rank tells what
// a format reaches with little effort, not its limit.
//
// A format with more bits is better, and a search of accuracy alone takes them. So the formats also search below the
// same average bits of a whole model, embeddings too. Each best plan is then tried as it is and after an epoch of
// training, and the flips of labels and the noise of outputs tell formats apart where accuracies do not.
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

constexpr int kBudgets[] = {4, 6, 8};  // bits of a parameter on average

std::string name_of(const Study& study) {
  std::string name = study.format;
  for (char& c : name) c = c == '_' ? '-' : c;
  return name;
}

// A search in the space of the format alone, with more options.
std::string search_of(const Setup& setup, const Study& study, const std::string& more) {
  return "search mixed {float} --format " + std::string(study.format) +
         (study.with_inputs ? "" : " --inputs fixed(8,calibrated)") +
         fmt::format(" --length {} --batch {} --startup 4{}", setup.recipe.length, setup.recipe.batch, more) +
         " --data {data} --seed {seed} --out {here}";
}

// The best plan below so many bits: found, as it is, and after an epoch more.
void add_budget(std::vector<Row>& rows, const Setup& setup, const Study& study, int bits) {
  const std::string name = fmt::format("{}-below-{}", name_of(study), bits);
  const std::string title = fmt::format("{}, whole model, at most {} bits", study.title, bits);
  rows.push_back(
      {.name = name,
       .title = title + ", search",
       .commands = {search_of(setup, study,
                              fmt::format(" --trials {} --embeddings --max-bits {}", 2 * setup.recipe.trials, bits))},
       .is_shared = true});
  const std::string found = "{" + name + "}", ranking = fmt::format("at most {} bits", bits);
  Row ptq{.name = name + "-ptq",
          .title = title + ", PTQ",
          .x = bits,
          .ranking = ranking + ", PTQ",
          .ranked_as = study.title};
  Row qat{.name = name + "-qat",
          .title = title + ", QAT",
          .commands = {"train --from " + found + " --epochs 1" + tuning(setup)},
          .x = bits,
          .ranking = ranking + ", QAT",
          .ranked_as = study.title};
  compare_with(ptq, "{float}", "", found);
  compare_with(qat, "{float}");
  rows.push_back(std::move(ptq));
  rows.push_back(std::move(qat));
}

}  // namespace

std::vector<Row> rows_3_2(const Setup& setup) {
  std::vector<Row> rows{float_row(setup), ngram_row(setup)};
  for (Row& control : control_rows(setup, "{float}", "float32")) {
    compare_with(control, "{float}");
    rows.push_back(std::move(control));
  }
  for (const Study& study : kStudies) {
    Row row{.name = name_of(study),
            .title = study.title,
            .commands = {search_of(setup, study, fmt::format(" --trials {}", setup.recipe.trials))},
            .is_shared = true,
            .series = study.title,
            .ranking = fmt::format("best of {} trials", setup.recipe.trials),
            .ranked_as = study.title};
    if (study.published > 0) row.reference = study.published;
    if (study.published == .876 && study.with_inputs) row.asked = {{.accuracy = -0.006, .than = "float"}};
    rows.push_back(std::move(row));
  }
  for (const int bits : kBudgets) {
    for (const Study& study : kStudies) {
      const std::string_view format = study.format;
      if (format == "binary" || format == "ternary") continue;  // fewer bits, whatever they are asked
      if (format == "binary_residual" && bits > 4) continue;    // 4 at most
      if (format == "mx" && bits == 4) continue;                // at least 4 and a share of the scale
      add_budget(rows, setup, study, bits);
    }
  }
  return rows;
}

std::vector<std::string> notes_3_2() {
  return {
      "Reference: MASE's best of ten trials each; it reports .876 to .877 for several formats (.876 here), and .778 "
      "for binary without a scale.",
      "Each of the 14 Linears gets parameters of its own: widths, exponents, blocks, levels, scales. Inputs are in the "
      "format of the weights, but 8 calibrated bits where weights are signs. Calibrated, not trained.",
      "Ten trials, the first four at random. Validation texts choose; the ranking is by test texts.",
      "At most 4, 6 or 8 bits: of a parameter on average, scales and shared exponents of blocks counted, embeddings "
      "too: microscaling has no such model of 4 bits, residual signs none of more. A search of twice the trials within "
      "that bound begins with the widest format that all tensors can have, and chooses the plan, which is then tried "
      "without and with an epoch of training; a control has the same epoch in float32. Flips: test texts whose label "
      "is not the float model's, without training in flips.svg. Noise: root mean square of the differences of the "
      "outputs.",
  };
}

}  // namespace ingot::labs

// Lab 5.1: a whole model in integers, from token ids to the answer.
//
// The question: what does it cost if nothing in between is a float any more, and how few bits do weights and embeddings
// need then? A row is a model in integers alone, calibrated, or trained on for an epoch with the bits of the integers.
// Beside its accuracy stand the share of texts whose label is another one than the float model's, the noise of its
// outputs beside those, its bytes and its speed: accuracy alone hardly ranks formats on data with two labels.
#include <fmt/format.h>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

struct Format {
  const char *name, *title, *options;
  double bits;      // of a weight, its place in the figure
  double ptq, qat;  // that may be lost, as fractions of the texts
};
constexpr Format kFormats[] = {
    {"8", "8-bit weights and embeddings", "--weight-format 8 --embedding-format 8", 8, 0.002, 0.002},
    {"4", "4-bit weights and embeddings", "--weight-format 4 --embedding-format 4", 4, 0.004, 0.002},
    {"3", "3-bit weights and embeddings", "--weight-format 3 --embedding-format 3", 3, 0, 0.004},
    {"2", "2-bit weights and embeddings", "--weight-format 2 --embedding-format 2", 2, 0, 0},
    {"ternary", "ternary weights, binary embeddings", "--weight-format ternary --embedding-format binary", 1.6, 0, 0},
};

struct Length {
  std::int64_t tokens;
  std::string suffix, base;  // of names; the row of the float model
};

Row quantised_row(const std::string& name, const std::string& title, const std::string& options, const char* integers,
                  const Length& length) {
  Row row{.name = name + length.suffix,
          .title = fmt::format("{}, length {}", title, length.tokens),
          .commands = {fmt::format("quantize {{float}} {} --length {}", options, length.tokens) +
                       " --data {data} --seed {seed} --out {here}"}};
  compare_with(row, "{float}", integers);
  return row;
}

void add_format(std::vector<Row>& rows, const Setup& setup, const Format& format, const Length& length) {
  for (const bool trained : {false, true}) {
    const std::string way = trained ? "QAT" : "PTQ";
    std::string options = fmt::format("--integer-only {}", format.options);
    if (trained)
      options += fmt::format(" --qat-epochs 1 --batch {}", setup.recipe.batch) + bounded(setup.recipe.tuning_steps);
    Row row = quantised_row(format.name + std::string(trained ? "-qat" : ""),
                            fmt::format("integers, {}, {}", format.title, way), options, "--integer-only", length);
    row.series = fmt::format("integers, length {}, {}", length.tokens, way);
    row.x = format.bits;
    if (const double lost = trained ? format.qat : format.ptq; lost > 0)
      row.asked = {{.accuracy = -lost, .than = length.base}};
    if (format.bits < 2 && trained && length.suffix.empty())
      row.asked = {{.accuracy = 0.880}, {.at_most_bytes = 290'000}};
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<Row> rows_5_1(const Setup& setup) {
  std::vector<Row> rows{float_row(setup), ngram_row(setup)};
  rows[0].title = fmt::format("float32, length {}", setup.recipe.length);
  std::vector<Length> lengths{{setup.recipe.length, "", "float"}};
  if (setup.recipe.length > 128) {
    lengths.push_back({128, "-128", "float-128"});
    rows.push_back({.name = "float-128",
                    .title = "float32, length 128",
                    .commands = {"eval {float} --data {data} --length 128 --out {here}"},
                    .series = "float32, length 128"});
  }
  for (const Length& length : lengths) {
    Row linears =
        quantised_row("linears", "Linears in 8 bits, the rest float32, PTQ", "--width 8", "--integer", length);
    linears.series = fmt::format("Linears, length {}", length.tokens);
    rows.push_back(std::move(linears));
    for (const Format& format : kFormats) add_format(rows, setup, format, length);
  }
  return rows;
}

std::vector<std::string> notes_5_1() {
  return {
      "In integers alone: embeddings, their sum, layer norms, attention with its softmax, residual sums, activation "
      "functions, the mean of a text and every Linear; docs/integers.md says what each computes. Activations have 8 "
      "bits, what residual sums add up 16, scores 12, exponentials 16.",
      "Scales are powers of two: of weights by output channel, of embeddings by row, of all else by tensor.",
      "QAT: one epoch from the float model with the bits of the integers in the forward pass and the gradients of the "
      "real functions.",
      "Flips: texts whose label is not the float model's at the same length. Noise: root mean square of the "
      "differences of the outputs. Tokens a second are those of the evaluation, which reads and batches texts too.",
      "By their abstracts I-BERT (Kim and others, 2021; 8 bits, RoBERTa on GLUE, trained on) has accuracies like those "
      "of float32 or slightly above, and FQ-BERT (Liu and others, 2021) a negligible loss at 7.94 times smaller "
      "weights.",
  };
}

}  // namespace ingot::labs

// Lab 1.1: quantisation after training (PTQ) against training with it (QAT), in fixed point.
//
// The question: how few bits does a trained classifier need, and how much of a loss does one epoch of training with the
// formats win back? A row is a model in one format, and its pair is the same model after that epoch.
//
// Three groups of rows answer it. "Whole" and "mixed" quantise the embedding tables too, which hold most parameters,
// and count the bytes of packed files. "Calibrated" quantises the Linears alone, with fraction bits chosen from data.
// "Published" repeats MASE's setting, where fraction bits are half of the width. An epoch more also helps a model in
// float32, so a control gets the same epoch, and QAT is judged against that control. Accuracy hardly ranks formats on
// data with two labels, so the share of labels that are not the float model's stands beside it.
#include <fmt/format.h>

#include <array>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

// MASE's accuracies at the widths that it was run with.
struct Published {
  int width;
  double ptq, qat;
};
constexpr std::array<Published, 8> kPublished{{{4, .5000, .5000},
                                               {8, .7939, .8405},
                                               {12, .8317, .8414},
                                               {16, .8344, .8419},
                                               {20, .8351, .8417},
                                               {24, .8350, .8417},
                                               {28, .8351, .8418},
                                               {32, .8349, .8418}}};
constexpr int kCalibratedWidths[] = {2, 3, 4, 6, 8, 12, 16};
constexpr int kWholeWidths[] = {8, 4, 3, 2};

// A model quantised as `options` say, and the same after an epoch of training with it, both compared with the float
// model.
struct PtqAndQat {
  Row ptq, qat;
};

PtqAndQat ptq_and_qat(const Setup& setup, const std::string& name, const std::string& title,
                      const std::string& options) {
  const std::string common = fmt::format(" --length {} --batch {}", setup.recipe.length, setup.recipe.batch) +
                             " --data {data} --seed {seed} --out {here}";
  PtqAndQat pair;
  pair.ptq = {.name = name, .title = title + ", PTQ", .commands = {"quantize {float} " + options + common}};
  pair.qat = {.name = name + "-qat",
              .title = title + ", QAT",
              .commands = {"train --from {" + name + "} --epochs 1" + tuning(setup)}};
  compare_with(pair.ptq, "{float}");
  compare_with(pair.qat, "{float}");
  return pair;
}

// Its weights are also written as packed codes: bytes that were counted on disk.
void pack(PtqAndQat& pair) {
  for (Row* row : {&pair.ptq, &pair.qat})
    row->commands.insert(row->commands.begin() + 1, "export {here} {here}/packed --packed");
}

void add(std::vector<Row>& rows, PtqAndQat pair, const std::string& series, int width) {
  pair.ptq.series = series + ", PTQ";
  pair.qat.series = series + ", QAT";
  pair.ptq.x = pair.qat.x = width;
  rows.push_back(std::move(pair.ptq));
  rows.push_back(std::move(pair.qat));
}

void add_published(std::vector<Row>& rows, const Setup& setup) {
  for (const Published& published : kPublished) {
    const std::string width = std::to_string(published.width);
    PtqAndQat half =
        ptq_and_qat(setup, "half-" + width, "as published, " + width + " bits", "--width " + width + " --frac half");
    half.ptq.reference = published.ptq;
    half.qat.reference = published.qat;
    add(rows, std::move(half), "as published", published.width);
  }
}

void add_calibrated(std::vector<Row>& rows, const Setup& setup) {
  for (const int bits : kCalibratedWidths) {
    const std::string width = std::to_string(bits);
    PtqAndQat calibrated =
        ptq_and_qat(setup, "calibrated-" + width, "calibrated, " + width + " bits", "--width " + width);
    if (bits == 8 || bits == 6) calibrated.ptq.asked = {{.accuracy = -0.003, .than = "float"}};
    if (bits == 4) calibrated.ptq.asked = {{.accuracy = -0.010, .than = "float"}};
    if (bits >= 4 && bits <= 8) calibrated.qat.asked = {{.accuracy = -0.004, .than = "control"}};
    if (bits == 4) calibrated.qat.asked.push_back({.accuracy = 0.868});
    add(rows, std::move(calibrated), "calibrated", bits);
  }
}

void add_whole(std::vector<Row>& rows, const Setup& setup) {
  for (const int bits : kWholeWidths) {
    const std::string width = std::to_string(bits);
    PtqAndQat whole =
        ptq_and_qat(setup, "whole-" + width, "whole model, " + width + " bits", "--width " + width + " --embeddings");
    pack(whole);
    if (bits == 8 || bits == 4) whole.qat.asked = {{.accuracy = -0.006, .than = "control"}};
    if (bits == 2) whole.qat.asked = {{.accuracy = 0.865}, {.at_most_bytes = 500'000}};
    add(rows, std::move(whole), "whole model", bits);
  }
}

// What the options of quantize cannot say: other formats for weights than for inputs.
constexpr const char kTernaryLinears[] = R"toml([[layers]]
name = "*"
input = "fixed(8,calibrated)"
weight = "ternary(channel)"
)toml";
constexpr const char kFourBitLinears[] = R"toml([[layers]]
name = "*"
input = "fixed(8,calibrated)"
weight = "fixed(4,calibrated)"
per = "channel"
)toml";
constexpr const char kTernaryEmbeddings[] = R"toml([[embeddings]]
name = "*"
weight = "ternary(channel)"
)toml";
constexpr const char kBinaryEmbeddings[] = R"toml([[embeddings]]
name = "*"
weight = "binary(channel)"
)toml";

void add_mixed(std::vector<Row>& rows, const Setup& setup) {
  const auto add_pair = [&](const std::string& name, const std::string& title, const std::string& plan) {
    PtqAndQat mixed = ptq_and_qat(setup, name, title, "--plan {plan}");
    mixed.ptq.plan = plan;
    pack(mixed);
    rows.push_back(std::move(mixed.ptq));
    rows.push_back(std::move(mixed.qat));
  };
  add_pair("ternary", "ternary weights, 8-bit inputs", kTernaryLinears);
  add_pair("whole-mixed", "whole model, ternary embeddings, 4-bit weights, 8-bit inputs",
           std::string(kTernaryEmbeddings) + kFourBitLinears);
  add_pair("whole-ternary", "whole model, ternary, 8-bit inputs", std::string(kTernaryEmbeddings) + kTernaryLinears);
  add_pair("whole-binary", "whole model, binary embeddings, ternary weights, 8-bit inputs",
           std::string(kBinaryEmbeddings) + kTernaryLinears);
}

}  // namespace

std::vector<Row> rows_1_1(const Setup& setup) {
  std::vector<Row> rows{float_row(setup), ngram_row(setup)};
  for (Row& control : control_rows(setup, "{float}", "float32")) {
    compare_with(control, "{float}");
    rows.push_back(std::move(control));
  }
  add_whole(rows, setup);
  add_mixed(rows, setup);
  add_calibrated(rows, setup);
  add_published(rows, setup);
  return rows;
}

std::vector<std::string> notes_1_1() {
  return {
      "Reference: MASE with bert-tiny, pretrained on more text, in the same lab; it chose its models by the test set, "
      "and its tuned models got an epoch more than their baseline.",
      "As published: fraction bits are half of the width, for inputs, weights and biases of the 14 Linears alike. At 4 "
      "bits the step is 0.25, and nearly every weight becomes 0: it is resolution that is missing, not range.",
      "Calibrated: fraction bits of least squared error on training texts, an output channel each for weights and one "
      "for each input; biases stay float32.",
      "Calibrated widths end at 16: there the error is below 2^-15 of the largest value and no longer changes an "
      "accuracy, from 25 bits on float32 itself cannot hold the codes, and the integer program takes up to 16.",
      "Whole model: the embedding tables too. Their bytes, and those of models with other formats for weights than for "
      "inputs, are those of the file that `ingot export --packed` wrote.",
      "Flips: test texts whose label is not the float model's. Noise: root mean square of the differences of the "
      "outputs. The controls say how many labels an epoch more changes by itself.",
      "A control got the epoch that QAT rows got, in float32; its learning rate, which they share, is the one with the "
      "best accuracy on the validation texts. Those were held out of training; test texts choose nothing.",
  };
}

}  // namespace ingot::labs

// Lab 1.2: pruning of a quantised model, before and after an epoch of training with the masks.
//
// The question: how many weights of an 8-bit model can be 0, and how much of the loss does one epoch win back? A row
// prunes the dense model by one method to one sparsity, and its pair is the same after an epoch with fixed masks.
//
// MASE prunes weights and input activations by the same share at once. That is repeated as "published", but it says
// little about weights, so other rows prune weights alone, weights and embeddings, or 2 of every 4 weights. A dense
// control gets the same epoch, so that the masks are judged and not the training.
#include <fmt/format.h>

#include <array>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

// MASE's accuracies after fine-tuning, weights and input activations pruned alike.
struct Published {
  double sparsity, random, l1;
};
constexpr std::array<Published, 5> kPublished{
    {{.1, .8384, .8573}, {.3, .8060, .8508}, {.5, .7309, .8332}, {.7, .5030, .8012}, {.9, .4992, .5539}}};
constexpr double kWholeSparsities[] = {.5, .7, .9};

// What labels are compared with: the float model, or the dense one where the lab was given that.
std::string original(const Setup& setup) { return setup.from_compressed ? "{dense}" : "{float}"; }

// A model pruned as `options` say, and the same after an epoch more.
struct BeforeAndAfter {
  Row before, after;
};

BeforeAndAfter before_and_after(const Setup& setup, const std::string& name, const std::string& title,
                                const std::string& options) {
  const std::string common = fmt::format(" --length {} --batch {}", setup.recipe.length, setup.recipe.batch) +
                             " --data {data} --seed {seed} --out {here}";
  BeforeAndAfter pair;
  pair.before = {.name = name, .title = title + ", before", .commands = {"prune {dense} " + options + common}};
  pair.after = {.name = name + "-after",
                .title = title + ", after",
                .commands = {"train --from {" + name + "} --epochs 1" + tuning(setup)}};
  compare_with(pair.before, original(setup));
  compare_with(pair.after, original(setup));
  return pair;
}

void add(std::vector<Row>& rows, BeforeAndAfter pair, const std::string& series, double sparsity) {
  pair.before.series = series + ", before";
  pair.after.series = series + ", after";
  pair.before.x = pair.after.x = sparsity;
  rows.push_back(std::move(pair.before));
  rows.push_back(std::move(pair.after));
}

void add_dense(std::vector<Row>& rows, const Setup& setup) {
  Row dense{.name = "dense", .title = "8 bits, QAT, dense", .series = "dense"};
  if (setup.from_compressed) {
    dense.commands = {"eval {from} --data {data} --out {here}"};
    dense.is_given = true;
  } else {
    rows.push_back(float_row(setup));
    const std::string rate = fmt::format("{}", setup.recipe.tuning_rates.front());
    dense.commands = {"quantize {float} --width 8 --qat-epochs 1" + tuning(setup, rate)};
    compare_with(dense, original(setup));
  }
  rows.push_back(ngram_row(setup));
  rows.push_back(std::move(dense));
  for (Row& control : control_rows(setup, "{dense}", "dense")) {
    compare_with(control, original(setup));
    rows.push_back(std::move(control));
  }
}

void add_weights_only(std::vector<Row>& rows, const Setup& setup) {
  for (const std::string method : {"l1", "random"}) {
    for (const Published& published : kPublished) {
      const std::string sparsity = fmt::format("{}", published.sparsity);
      BeforeAndAfter weights = before_and_after(setup, method + "-" + sparsity, method + " " + sparsity + ", weights",
                                                "--method " + method + " --sparsity " + sparsity);
      if (method == "l1" && published.sparsity == .9) weights.after.asked = {{.accuracy = 0.870}};
      add(rows, std::move(weights), method + ", weights", published.sparsity);
    }
  }
}

void add_whole(std::vector<Row>& rows, const Setup& setup) {
  for (const double share : kWholeSparsities) {
    const std::string sparsity = fmt::format("{}", share);
    add(rows,
        before_and_after(setup, "whole-" + sparsity, "l1 " + sparsity + ", weights and embeddings",
                         "--method l1 --embeddings --sparsity " + sparsity),
        "l1, weights and embeddings", share);
  }
}

void add_published(std::vector<Row>& rows, const Setup& setup) {
  for (const std::string method : {"l1", "random"}) {
    for (const Published& published : kPublished) {
      const std::string sparsity = fmt::format("{}", published.sparsity);
      BeforeAndAfter both = before_and_after(
          setup, method + "-published-" + sparsity, method + " " + sparsity + ", weights and activations",
          "--method " + method + " --sparsity " + sparsity + " --activations " + sparsity);
      both.after.reference = method == "l1" ? published.l1 : published.random;
      add(rows, std::move(both), method + ", as published", published.sparsity);
    }
  }
}

// The sparsest model by other epochs: the sparsity grows in it, or teachers are imitated.
void add_other_ways(std::vector<Row>& rows, const Setup& setup) {
  const auto add_one = [&](const std::string& name, const std::string& title, const std::string& command) {
    rows.push_back(
        {.name = "l1-0.9-" + name, .title = "l1 0.9, weights, after: " + title, .commands = {command + tuning(setup)}});
    compare_with(rows.back(), original(setup));
  };
  add_one("gradual", "the sparsity grows in the first half of the epoch",
          "prune {dense} --method l1 --sparsity 0.9 --epochs 1 --ramp 0.5");
  const std::string train = "train --from {l1-0.9} --epochs 1 --unlabelled none --teacher ";
  add_one("taught", "taught by the dense model", train + "{dense}");
  add_one("ngrams", "taught by n-grams", train + "ngrams");
}

}  // namespace

std::vector<Row> rows_1_2(const Setup& setup) {
  std::vector<Row> rows;
  add_dense(rows, setup);
  add_whole(rows, setup);
  add_weights_only(rows, setup);
  BeforeAndAfter two_of_four = before_and_after(setup, "2-of-4", "2:4, weights", "--method 2:4");
  two_of_four.after.asked = {{.accuracy = -0.006, .than = "control"}};
  rows.push_back(std::move(two_of_four.before));
  rows.push_back(std::move(two_of_four.after));
  add_other_ways(rows, setup);
  add_published(rows, setup);
  return rows;
}

std::vector<std::string> notes_1_2() {
  return {
      "Reference: MASE with bert-tiny, pretrained on more text, in the same lab; it chose its models by the test set, "
      "and its tuned models got an epoch more than their baseline.",
      "The dense model is the 8-bit calibrated one of lab 1.1, trained with its quantisation; every row keeps it.",
      "Before: right after pruning. After: one epoch of training with the masks, which do not change any more. A "
      "control got the same epoch without masks; its learning rate, which all share, is the one with the best accuracy "
      "on the validation texts.",
      "Flips: test texts whose label is not the float model's, or the dense one's where the lab was given that. Noise: "
      "root mean square of the differences of the outputs.",
      "As published: the same share of weights and of every token's inputs, at each of the 14 Linears. Counts are "
      "exact: the sparsity is measured, over the layers that were pruned.",
      "Taught: half of the loss of a text is about what a teacher says of it: the dense model, or n-grams with a "
      "regression.",
      "2:4: in each group of 4 weights along the inputs of a neuron the 2 smallest are 0.",
  };
}

}  // namespace ingot::labs

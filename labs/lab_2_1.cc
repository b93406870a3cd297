// Lab 2.1: architecture search by grid, at random, and by TPE.
//
// The question: which sampler finds the better architecture with the same number of trials? One search of each says
// little, since luck decides much of it: `ingot search bench --table` has them search a table of results many times.
//
// Training each trial in full would cost too much, so a trial trains for an epoch on short texts. That ranks
// architectures but does not measure them: the best one of all is then trained from nothing at full length, at four
// learning rates of which validation chooses, since large models need smaller steps, and with two seeds more. An epoch
// of labelled texts is little at such a rate: the same training is also taught by n-grams, which label the unlabelled
// texts, too, as in `ingot train --recipe fast`.
#include <fmt/format.h>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

// MASE's best accuracies after ten trials.
struct Sampler {
  const char *name, *title, *options;
  double published;
};
constexpr Sampler kSamplers[] = {
    {"grid", "grid", "--sampler grid", .827},
    {"random", "random", "--sampler random", .837},
    {"tpe", "TPE", "--sampler tpe --group", .838},
};

// The best architecture of all searches, at full length.
void add_full(std::vector<Row>& rows, const Setup& setup) {
  add_full_trainings(rows, setup, "search", "the best of all at full length");
  rows.push_back({.name = "best",
                  .title = "the best of all at full length",
                  .commands = {"eval {full} --data {data} --out {here}"},
                  .asked = {{.accuracy = 0.880}}});
  for (const std::string seed : {"2", "3"})
    rows.push_back({.name = "best-seed-" + seed,
                    .title = "the same, seed " + seed + " of 3",
                    .commands = {full_training(setup, "search", "{seed" + seed + "}") + " --lr {full.value}"}});
  const std::string taught = " --lr {full.value} --teacher ngrams";
  rows.push_back({.name = "best-taught",
                  .title = "the same, taught by n-grams",
                  .commands = {full_training(setup, "search") + taught + " --unlabelled none"}});
  for (const std::string seed : {"", "2", "3"})
    rows.push_back(
        {.name = "best-unlabelled" + (seed.empty() ? "" : "-seed-" + seed),
         .title = "the same, taught on unlabelled texts too" + (seed.empty() ? "" : ", seed " + seed + " of 3"),
         .commands = {full_training(setup, "search", "{seed" + seed + "}") + taught},
         .asked = seed.empty() ? std::vector<Asked>{{.accuracy = 0.880}} : std::vector<Asked>{}});
}

}  // namespace

std::vector<Row> rows_2_1(const Setup& setup) {
  std::vector<Row> rows{ngram_row(setup)};
  for (const Sampler& sampler : kSamplers) {
    rows.push_back({.name = sampler.name,
                    .title = sampler.title,
                    .commands = {nas(setup) + " " + sampler.options},
                    .is_shared = true,
                    .series = sampler.title,
                    .reference = sampler.published,
                    .choice = "search",
                    .value = sampler.title});
  }
  add_full(rows, setup);
  return rows;
}

std::vector<std::string> notes_2_1() {
  return {
      "Reference: MASE's best accuracy after ten trials of an epoch each. There the axes of layers and heads change "
      "nothing, so that its searches know 25 models, and test texts choose.",
      "Here all four sizes, and for each query, key, value and output of attention whether it is a Linear or left out, "
      "shape the model. Distinct: how many different ones were trained. A configuration that is known is not paid for "
      "again. Trial hours: what the trials took, one after the other.",
      "Area under the best so far: the best validation accuracy after each trial, as a mean. Of searches that end "
      "alike, the one that was there sooner has more.",
      "Every trial trains from nothing for the same number of steps (0: an epoch), on short texts: trial-steps and "
      "trial-length below. Validation texts choose; test texts only report, of the best trial as it was trained in the "
      "search.",
      "Best at full length: the architecture with the best validation accuracy of all searches, trained from nothing "
      "as the float model of the other labs is; of four learning rates validation chooses. Seeds 2 and 3 hold out "
      "other texts. Taught: at the same rate, half of the loss of a text is about what n-grams with a regression say "
      "of it; they label the unlabelled texts, which are three times as many steps.",
      "The grid knows one choice for query, key, value and output in all layers: every one by itself are more "
      "combinations than can be listed. TPE draws its first trials at random, and models what occurs together.",
  };
}

}  // namespace ingot::labs
